"""Artifacts -> items of the explorer: one for each problem and student, with every trace that belongs to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import polars as pl

Trace = dict[str, Any]
Place = tuple[str, str, str]  # student, name of the problems, id
NONE: Mapping[Any, Any] = {}
ROOM = 400_000_000  # bytes of text in a page: about 150 MB as a file, which a browser holds without effort


class Policy(NamedTuple):
    """What answered a benchmark problem, and how."""

    method: str
    seed: str
    decoding: str


class Judgement(NamedTuple):
    """What a judge said about an error of the untrained student: its type and the words; `key` is the sample's."""

    type: str
    words: str
    key: str
    judge: str


class Item(NamedTuple):
    """A problem for one student. `set` is `train` or the benchmark's name; traces have a `role`: teacher, error,
    rewrite or answer. `counts` are (right, all) of the draws of each policy, those without a trace here included."""

    student: str
    set: str
    problem: dict[str, Any]
    traces: list[Trace]
    counts: dict[Policy, tuple[int, int]]
    judged: Judgement | None = None

    @property
    def uid(self) -> str:
        return f"{self.student}/{self.set}/{self.problem['id']}"


def trace(role: str, row: Mapping[str, Any], path: Path, **more: Any) -> Trace:
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
        "teacher": path.parent.name if role == "teacher" else None,
    }
    return {name: value for name, value in (found | more).items() if value is not None}


def training_items(
    problems: pl.DataFrame,
    cots: Sequence[Path],
    errors: Sequence[Path],
    refined: Sequence[Path],
    students: Sequence[str],
    sets: Sequence[Path] = (),
    judged: Mapping[Place, Judgement] = NONE,
) -> list[Item]:
    """What happened to every training problem: the teacher's CoTs, each student's errors and rewrites.

    Args:
        errors, refined, sets: files below results/{student}/.
        sets: training sets, whose rows name the traces that they were made of.
    """
    from orion.files import read_table

    items = []
    for student in students:
        trained = _trained_on(path for path in sets if path.parts[-4] == student)
        traces: dict[str, list[Trace]] = {}
        found = [("teacher", path) for path in cots]
        found += [("error", path) for path in errors if path.parent.name == student]
        found += [("rewrite", path) for path in refined if path.parent.parent.name == student]
        for role, path in found:
            for row in read_table(path).iter_rows(named=True):
                traces.setdefault(row["id"], []).append(trace(role, row, path, trained=trained.get(row["key"])))
        for problem in problems.iter_rows(named=True) if found else ():
            id = problem["id"]
            items.append(Item(student, "train", problem, traces.get(id, []), {}, judged.get((student, "train", id))))
    return items


def judgements(paths: Iterable[Path]) -> dict[Place, Judgement]:
    """Of results/analysis/{student}/judged/errors.parquet: what a judge said about a problem's error."""
    from orion.files import read_metadata, read_table

    found = {}
    for path in paths:
        by = read_metadata(path)
        judge = f"{by['judge']}, a script" if by.get("judge_kind") == "script" else by.get("judge", "the judge")
        for row in read_table(path).iter_rows(named=True):
            if row["type"]:
                said = Judgement(row["type"], row["judgement"] or "", row["case_key"], judge)
                found[path.parts[-3], row["problems"], row["id"]] = said
    return found


def _trained_on(sets: Iterable[Path]) -> dict[str, list[str]]:
    """Key of a trace -> the methods with a training row that was made of it."""
    from orion.files import read_table

    found: dict[str, dict[str, None]] = {}
    for path in sets:
        for sources in read_table(path)["sources"]:
            for key in sources if sources is not None else ():
                found.setdefault(key, {})[path.parts[-3]] = None
    return {key: list(methods) for key, methods in found.items()}


def draws_that_fit(samples: Sequence[Path], room: int) -> int | None:
    """How many draws of every policy for every problem have room; None where all have. One always has."""
    import polars as pl

    size = pl.sum_horizontal(pl.col("response", "reasoning").str.len_bytes())
    sizes = [pl.scan_parquet(path).group_by("draw").agg(size.sum().alias("size")) for path in samples]
    if not sizes:
        return None
    whole = pl.concat(sizes).group_by("draw").agg(pl.col("size").sum()).sort("draw").collect()["size"].cum_sum()
    fit = int((whole <= room).sum())
    return None if fit == len(whole) else max(1, fit)


def benchmark_items(
    benchmarks: Sequence[Path],
    samples: Sequence[Path],
    students: Sequence[str],
    draws: int | None = None,
    judged: Mapping[Place, Judgement] = NONE,
) -> list[Item]:
    """What every policy answered: `samples` are results/{student}/{method}/seed{n}/{benchmark}/{decoding}.parquet.
    Of each policy and problem the first `draws` get a trace; all are counted."""
    from orion.files import read_table

    items: list[Item] = []
    for path in benchmarks:
        problems = list(read_table(path).iter_rows(named=True))
        for student in students:
            found = {
                p["id"]: Item(student, path.stem, p, [], {}, judged.get((student, path.stem, p["id"])))
                for p in problems
            }
            for file in samples:
                if (file.parts[-5], file.parent.name) == (student, path.stem):
                    _add_answers(found, file, draws)
            items += found.values()
    return items


def _add_answers(items: Mapping[str, Item], file: Path, draws: int | None) -> None:
    from orion.files import read_table

    policy = Policy(file.parts[-4], file.parts[-3].removeprefix("seed"), file.stem)
    for row in read_table(file).sort("id", "draw").iter_rows(named=True):
        if (item := items.get(row["id"])) is None:
            continue
        right, seen = item.counts.get(policy, (0, 0))
        item.counts[policy] = (right + (row["verdict"] == "correct"), seen + 1)
        if draws is None or seen < draws:
            item.traces.append(trace("answer", row, file, **policy._asdict()))


def entry(item: Item) -> dict[str, Any]:
    """What the list and the filters need of an item."""
    methods = dict.fromkeys(policy.method for policy in item.counts)
    shares = {}
    for method in methods:
        right, draws = map(sum, zip(*(n for policy, n in item.counts.items() if policy.method == method), strict=True))
        shares[method] = round(right / draws, 4)
    tokens = [t["tokens"] for t in item.traces if "tokens" in t] or [0]
    rewrites = [t for t in item.traces if t["role"] == "rewrite"]
    return {
        "uid": item.uid,
        "id": item.problem["id"],
        "student": item.student,
        "set": item.set,
        "title": " ".join(item.problem["problem"][:160].split()),
        "right": shares,
        "errors": sum(t["role"] == "error" for t in item.traces),
        "rewrites": len(rewrites),
        "kept": sum(bool(t.get("kept")) for t in rewrites),
        "type": item.judged.type if item.judged else "",
        "shortest": min(tokens),
        "longest": max(tokens),
    }


def detail(item: Item) -> dict[str, Any]:
    """All that is shown of an item."""
    problem = {
        name: item.problem.get(name) or "" for name in ("id", "problem", "answer", "solution", "subject", "level")
    }
    counts = {" ".join(policy): count for policy, count in item.counts.items()}
    judged = {"judged": item.judged._asdict()} if item.judged else {}
    return problem | {"traces": item.traces, "counts": counts} | judged
