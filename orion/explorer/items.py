"""Artifacts -> items of the explorer: one for each problem and student, with every trace that belongs to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import polars as pl

Trace = dict[str, Any]


class Item(NamedTuple):
    """A problem for one student. `set` is `train` or the benchmark's name; traces have a `role`: teacher, error,
    rewrite or answer."""

    student: str
    set: str
    problem: dict[str, Any]
    traces: list[Trace]

    @property
    def uid(self) -> str:
        return f"{self.student}/{self.set}/{self.problem['id']}"


def trace(role: str, row: dict[str, Any], path: Path, **more: Any) -> Trace:
    """A row of any artifact that holds completions; what is empty is left out."""
    found = {
        "role": role,
        "text": row["response"] or "",
        "reasoning": row.get("reasoning"),
        "verdict": row.get("verdict"),
        "answer": row.get("answer"),
        "finish": row.get("finish_reason"),
        "tokens": row.get("completion_tokens"),
        "temperature": row.get("temperature"),
        "draw": row.get("draw"),
        "key": row.get("key"),
        "errorKey": row.get("error_key"),
        "cotKey": row.get("cot_key"),
        "kept": row.get("kept"),
        "whyNot": row.get("why_not"),
        "path": str(path),
    }
    return {name: value for name, value in (found | more).items() if value is not None}


def grouped(rows: Iterable[tuple[str, Trace]]) -> dict[str, list[Trace]]:
    found: dict[str, list[Trace]] = {}
    for id, one in rows:
        found.setdefault(id, []).append(one)
    return found


def training_items(
    problems: pl.DataFrame,
    cots: Sequence[Path],
    errors: Sequence[Path],
    refined: Sequence[Path],
    students: Sequence[str],
    types: dict[str, str],
) -> list[Item]:
    """What happened to every training problem: the teacher's CoTs, each student's errors and rewrites.

    Args:
        errors, refined: files below results/{student}/.
        types: key of an error -> its type, as far as a judge named one.
    """
    from orion.files import read_table

    def read(role: str, paths: Iterable[Path]) -> dict[str, list[Trace]]:
        rows = ((row["id"], row, path) for path in paths for row in read_table(path).iter_rows(named=True))
        return grouped((id, trace(role, row, path, type=types.get(row["key"]))) for id, row, path in rows)

    taught = read("teacher", cots)
    items = []
    for student in students:
        own = [read("error", (p for p in errors if p.parent.name == student))]
        own.append(read("rewrite", (p for p in refined if p.parent.parent.name == student)))
        for problem in problems.iter_rows(named=True):
            traces = [t for found in (taught, *own) for t in found.get(problem["id"], [])]
            items.append(Item(student, "train", problem, traces))
    return items


def benchmark_items(benchmarks: Sequence[Path], samples: Sequence[Path], students: Sequence[str]) -> list[Item]:
    """What every policy answered: `samples` are results/{student}/{method}/seed{n}/{benchmark}/{decoding}.parquet."""
    from orion.files import read_table

    items = []
    for path in benchmarks:
        problems = list(read_table(path).iter_rows(named=True))
        for student in students:
            answers: list[tuple[str, Trace]] = []
            for file in samples:
                method, seed, benchmark = file.parts[-4:-1]
                if file.parts[-5] != student or benchmark != path.stem:
                    continue
                more = {"method": method, "seed": seed.removeprefix("seed"), "decoding": file.stem}
                rows = read_table(file).sort("id", "draw").iter_rows(named=True)
                answers += [(row["id"], trace("answer", row, file, **more)) for row in rows]
            of = grouped(answers)
            items += [Item(student, path.stem, problem, of.get(problem["id"], [])) for problem in problems]
    return items


def entry(item: Item) -> dict[str, Any]:
    """What the list and the filters need of an item."""
    answers = [t for t in item.traces if t["role"] == "answer"]
    methods = dict.fromkeys(t["method"] for t in answers)
    right = {
        method: sum(t.get("verdict") == "correct" for t in answers if t["method"] == method)
        / sum(t["method"] == method for t in answers)
        for method in methods
    }
    tokens = [t["tokens"] for t in item.traces if "tokens" in t] or [0]
    rewrites = {("kept" if t.get("kept") else "dropped") for t in item.traces if t["role"] == "rewrite"}
    return {
        "uid": item.uid,
        "id": item.problem["id"],
        "student": item.student,
        "set": item.set,
        "title": item.problem["problem"][:160],
        "right": {method: round(share, 4) for method, share in right.items()},
        "methods": list(methods),
        "rewrites": sorted(rewrites),
        "types": sorted({t["type"] for t in item.traces if "type" in t}),
        "shortest": min(tokens),
        "longest": max(tokens),
    }


def detail(item: Item) -> dict[str, Any]:
    problem = {
        name: item.problem.get(name) or "" for name in ("id", "problem", "answer", "solution", "subject", "level")
    }
    return problem | {"traces": item.traces}
