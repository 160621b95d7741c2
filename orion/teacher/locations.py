"""`python -m orion.teacher.locations`: the first wrong step of each wrong solution (SuperCorrect, arXiv 2410.09008,
section 3.2).

From a student's errors to `.../locations.parquet`, one row an error. The teacher sees the problem with its reference
solution and the student's steps, and names the first one that is wrong.

Ours, where the paper is silent: a solution whose tags are not whole has no steps, and is dropped; one without any tag
has its lines as steps; a teacher that finds no wrong step in a wrong solution, or one that is not there, drops it. All
is counted by reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from orion import cli
from orion.config.base import Part
from orion.config.teacher import Teacher
from orion.prompts import fill
from orion.steps import Cut, cut, located, reference, shown, worked
from orion.types import Problem, Response, digest

if TYPE_CHECKING:
    import polars as pl

    from orion.teacher.ask import Asking

SCHEMA: dict[str, type] = {
    "id": str, "error_key": str, "steps": list, "tagged": bool, "number": int, "judgement": str, "key": str,
    "prompt_tokens": int, "completion_tokens": int, "cost": float, "kept": bool, "why_not": str,
}  # fmt: skip


class LocationsSpec(Part):
    """The config keys on which locations depend. `most`: of so many errors at most, a choice by their hash."""

    teacher: Teacher
    temperature: str
    max_tokens: int
    prompt: str
    most: int | None = None


def chosen(errors: pl.DataFrame, problems: Mapping[str, Problem], most: int | None) -> list[dict[str, Any]]:
    """The errors of these problems, in their order; at most so many, whatever else there is."""
    rows = [row for row in errors.iter_rows(named=True) if row["id"] in problems]
    if most is None or len(rows) <= most:
        return rows
    picked = {row["key"] for row in sorted(rows, key=lambda row: digest(row["key"]))[:most]}
    return [row for row in rows if row["key"] in picked]


def unheard(response: Response | None) -> str | None:
    """Why a teacher's response says nothing; None where it says something."""
    if response is None:
        return "no-response"
    if response.error is not None:
        return response.error.split(":", 1)[0]
    if response.finish_reason != "stop":
        return "cut-off" if response.truncated else response.finish_reason
    return None


def place(response: Response | None, steps: Sequence[str]) -> tuple[int | None, str | None]:
    """(the number of the wrong step, None) or (None, why there is none)."""
    if (reason := unheard(response)) or response is None:
        return None, reason
    number = located(response.text)
    if number is None:
        return None, "no-location"
    if number == 0:
        return None, "no-wrong-step"
    return (number, None) if number <= len(steps) else (None, "no-such-step")


def locate(
    problems: Sequence[Problem], errors: pl.DataFrame, asking: Asking, spec: LocationsSpec
) -> list[dict[str, Any]]:
    """A row an error, in order; only solutions that have steps are asked about."""
    by_id = {problem.id: problem for problem in problems}
    found = [(row, cut(row["response"] or "")) for row in chosen(errors, by_id, spec.most)]
    requests = {
        row["key"]: asking.request(
            fill(
                spec.prompt,
                problem=by_id[row["id"]].problem,
                reference=reference(worked(by_id[row["id"]])),
                steps=shown(pieces.steps),
            ),
            id=row["id"],
            temperature=float(spec.temperature),
            max_tokens=spec.max_tokens,
        )
        for row, pieces in found
        if pieces.fault is None
    }
    responses = dict(zip(requests, asking.complete(list(requests.values())), strict=True))
    return [
        _row(row, pieces, requests[row["key"]].key if row["key"] in requests else None, responses.get(row["key"]))
        for row, pieces in found
    ]


def _row(error: Mapping[str, Any], pieces: Cut, key: str | None, response: Response | None) -> dict[str, Any]:
    number, reason = (None, pieces.fault) if pieces.fault else place(response, pieces.steps)
    return {
        "id": error["id"],
        "error_key": error["key"],
        "steps": list(pieces.steps),
        "tagged": pieces.tagged,
        "number": number,
        "judgement": response.text.strip() if response else None,
        "key": key,
        "prompt_tokens": response.prompt_tokens if response else 0,
        "completion_tokens": response.completion_tokens if response else 0,
        "cost": response.cost if response else 0.0,
        "kept": reason is None,
        "why_not": reason,
    }


def counts_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "in": len(rows),
        "out": sum(row["kept"] for row in rows),
        "dropped": dict(sorted(Counter(row["why_not"] for row in rows if not row["kept"]).items())),
        "cost": sum(row["cost"] for row in rows),
    }


def main() -> None:
    from orion.teacher.program import open_asking, read_arguments, write_outputs

    arguments = read_arguments(
        "locations",
        __doc__,
        "teacher, temperature, max_tokens, prompt, most",
        many={"problems": "the problems that were answered, one or several files"},
        errors="the wrong solutions",
    )
    spec = LocationsSpec.parse(cli.read_spec(arguments.spec))

    from orion.files import read_table
    from orion.problems.table import read_problems

    problems = [problem for path in arguments.problems for problem in read_problems(path)]
    with open_asking(spec.teacher, arguments, "locations") as asking:
        rows = locate(problems, read_table(arguments.errors), asking, spec)
    counts = counts_of(rows) | {"tagged": sum(row["tagged"] for row in rows)}
    about = {"teacher": spec.teacher.name, "teacher_kind": spec.teacher.kind}
    write_outputs(arguments.output, rows, SCHEMA, about, counts)
    print(f"{counts['out']} of {counts['in']} errors have a first wrong step; dropped {counts['dropped'] or 'none'}")


if __name__ == "__main__":
    cli.run(main)
