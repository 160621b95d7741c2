"""`python -m orion.judge.cases`: which of the untrained student's errors are looked at, and which right answers.

From samples of the untrained student to `results/analysis/{student}/cases.parquet`, one row a case. A problem gives at
most one error and one right answer, a choice by the hash of the sample, so that problems are the observations. What
was cut off or has no answer is an error here: its type will say so. What could not be graded is no case, and counted.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion import cli
from orion.config.base import Part
from orion.errors import UserError
from orion.types import Problem, digest

if TYPE_CHECKING:
    import polars as pl

SCHEMA: dict[str, type] = {
    "problems": str, "id": str, "right": bool, "problem": str, "label": str, "subject": str, "level": str,
    "response": str, "answer": str, "truncated": bool, "source": str, "key": str,
}  # fmt: skip


class CasesSpec(Part):
    """The config key on which the choice depends."""

    limit: int


def kind_of(row: Mapping[str, Any]) -> str:
    """`right`, `wrong`, or why a sample is no case."""
    if row["finish_reason"] == "error":
        return "not sampled"
    if row["verdict"] == "correct":
        return "right"
    if row["verdict"] == "unverified" and row["answer"] is not None and not row["truncated"]:
        return "unverified"
    return "wrong"


def choose(
    samples: Sequence[tuple[str, str, pl.DataFrame]], problems: Mapping[tuple[str, str], Problem], limit: int
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The cases, wrong ones first, and the statistics of the choice.

    Args:
        samples: (name of the problems, source, samples) of each file.
        problems: by (name of the problems, id).

    Raises:
        UserError: a sample of an unknown problem.
    """
    best: dict[tuple[str, str, str], tuple[str, str, dict[str, Any]]] = {}
    seen: Counter[str] = Counter()
    for name, source, table in samples:
        for row in table.iter_rows(named=True):
            if (name, row["id"]) not in problems:
                raise UserError(f"--samples: problem {row['id']} is not among the problems {name}; give its file")
            kind = kind_of(row)
            seen[kind] += 1
            rank = digest([name, row["id"], row["key"]])
            at = (kind, name, row["id"])
            if at not in best or rank < best[at][0]:
                best[at] = (rank, source, row)
    rows = []
    for kind in ("wrong", "right"):
        found = [(name, id, *best[k, name, id][1:]) for k, name, id in best if k == kind]
        for name, id, source, row in sorted(found, key=lambda case: digest([case[0], case[1]]))[:limit]:
            problem = problems[name, id]
            rows.append(
                {"problems": name, "id": id, "right": kind == "right", "problem": problem.problem}
                | {"label": problem.answer, "subject": problem.subject, "level": problem.level, "source": source}
                | {column: row[column] for column in ("response", "answer", "truncated", "key")}
            )
    with_error = len([at for at in best if at[0] == "wrong"])
    stats = {
        "in": seen.total(),
        "out": len(rows),
        "dropped": {kind: n for kind, n in sorted(seen.items()) if kind not in ("right", "wrong")},
        "samples": {kind: seen[kind] for kind in ("wrong", "right")},
        "problems_with_errors": with_error,
        "problems": len({(name, id) for _, name, id in best}),
        "cases": dict(Counter("right" if row["right"] else "wrong" for row in rows)),
    }
    return rows, stats


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orion.judge.cases", description=__doc__)
    parser.add_argument("--spec", required=True, help="JSON (or @FILE): limit")
    parser.add_argument("--problems", required=True, nargs="+", type=Path, help="parquet: train, or the benchmarks")
    parser.add_argument(
        "--samples", required=True, nargs="+", type=Path, help="of the untrained student, each below its problems' name"
    )
    parser.add_argument("--output", required=True, type=Path, help="parquet; beside it <stem>.stats.json")
    parser.add_argument("--chosen", required=True, type=Path, help="parquet: the problems of the cases, each once")
    arguments = parser.parse_args()
    spec = CasesSpec.parse(cli.read_spec(arguments.spec))

    import polars as pl

    from orion.files import read_table, write_table
    from orion.problems.table import read_problems
    from orion.teacher.program import write_outputs

    problems = {(path.stem, p.id): p for path in arguments.problems for p in read_problems(path)}
    samples = [(path.parent.name, path.stem, read_table(path)) for path in arguments.samples]
    rows, stats = choose(samples, problems, spec.limit)
    write_outputs(arguments.output, rows, SCHEMA, {"case_problems": [path.stem for path in arguments.problems]}, stats)
    used = {(row["problems"], row["id"]) for row in rows}
    tables = [read_table(path).filter(pl.col("id").is_in([i for n, i in used if n == path.stem]))
              for path in arguments.problems]  # fmt: skip
    write_table(arguments.chosen, pl.concat(tables, how="diagonal_relaxed"))
    print(f"to look at: {stats['cases']}")


if __name__ == "__main__":
    cli.run(main)
