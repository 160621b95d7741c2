"""`python -m orion.teacher.mistakes`: which kind of mistake each dual holds (EDIT, arXiv 2405.19737, its analysis of
mistake patterns): logic, knowledge or calculation.

From the kept duals to `results/teacher/{teacher}/mistakes.parquet`, a row a dual; a stage's `choose.mistakes` takes the
pairs of one pattern. Ours, where the paper is silent: the teacher is the judge, greedily, gives its reason first and
ends with one line; a judgement without that line has no pattern, and is counted. The labels are a judge's opinion: with
the scripted teacher, a script's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from orion import cli
from orion.config.base import Part
from orion.config.teacher import Teacher
from orion.prompts import fill
from orion.teacher.ask import Asking, unusable
from orion.types import Problem

if TYPE_CHECKING:
    import polars as pl

MAX_TOKENS = 2048  # of a judgement, reasoning included
SCHEMA: dict[str, type] = {
    "id": str, "right_key": str, "wrong_key": str, "pattern": str, "judgement": str, "key": str, "prompt_tokens": int,
    "completion_tokens": int, "cost": float, "kept": bool, "why_not": str,
}  # fmt: skip
_KIND = re.compile(r"kind\W*(logic|knowledge|calculation)\b", re.IGNORECASE)


class MistakesSpec(Part):
    """The config keys on which the labels depend."""

    teacher: Teacher
    prompt: str


def pattern_of(judgement: str) -> str | None:
    """The last kind that a judgement states."""
    stated = _KIND.findall(judgement)
    return stated[-1].lower() if stated else None


def label(problems: Sequence[Problem], duals: pl.DataFrame, asking: Asking, spec: MistakesSpec) -> list[dict[str, Any]]:
    """A row for each kept dual whose judgement could be had, in order."""
    texts = {problem.id: problem.problem for problem in problems}
    pairs = [row for row in duals.iter_rows(named=True) if row["kept"] and row["id"] in texts]
    requests = [
        asking.request(
            fill(spec.prompt, problem=texts[pair["id"]], right=pair["right"], wrong=pair["wrong"]),
            id=pair["id"],
            temperature=0.0,
            max_tokens=MAX_TOKENS,
        )
        for pair in pairs
    ]
    rows = []
    for pair, request, response in zip(pairs, requests, asking.complete(requests), strict=True):
        if response is None:
            continue
        reason = unusable(response) or (None if pattern_of(response.text) else "no-kind")
        rows.append(
            {name: pair[name] for name in ("id", "right_key", "wrong_key")}
            | {
                "pattern": None if reason else pattern_of(response.text),
                "judgement": response.text.strip(),
                "key": request.key,
                "prompt_tokens": response.prompt_tokens,
                "completion_tokens": response.completion_tokens,
                "cost": response.cost,
                "kept": reason is None,
                "why_not": reason,
            }
        )
    return rows


def main() -> None:
    from orion.teacher.program import open_asking, read_arguments, write_outputs

    arguments = read_arguments(
        "mistakes", __doc__, "teacher, prompt", problems="training problems", duals="the teacher's duals"
    )
    spec = MistakesSpec.parse(cli.read_spec(arguments.spec))

    from orion.files import read_table
    from orion.problems.table import read_problems

    with open_asking(spec.teacher, arguments, "mistakes") as asking:
        rows = label(read_problems(arguments.problems), read_table(arguments.duals), asking, spec)
    gaps = {"no response": len(asking.gaps)} if asking.gaps else {}
    counts = {
        "in": len(rows) + len(asking.gaps),
        "out": sum(row["kept"] for row in rows),
        "dropped": dict(sorted(Counter(row["why_not"] for row in rows if not row["kept"]).items())) | gaps,
        "patterns": dict(sorted(Counter(row["pattern"] for row in rows if row["kept"]).items())),
        "cost": sum(row["cost"] for row in rows),
    }
    write_outputs(arguments.output, rows, SCHEMA, {"teacher": spec.teacher.name}, counts)
    print(f"{counts['out']} of {counts['in']} duals have a pattern: {counts['patterns']}; dropped {counts['dropped']}")


if __name__ == "__main__":
    cli.run(main)
