"""`python -m orion.own_corrections`: what a student itself makes of a wrong step (SuperCorrect, arXiv 2410.09008,
section 3.2).

For every error whose first wrong step a teacher has named, the policy gets the teacher's prompt without the reference
solution and corrects that step: the rejected side of a pair. With `locate` it also looks for the wrong step by itself,
which training does not need and the analysis asks for.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion import cli
from orion.config.base import Part
from orion.config.sampling import Decoding
from orion.config.student import Student
from orion.errors import UserError
from orion.prompts import fill
from orion.steps import correction_of, located, shown, step_question
from orion.types import Problem, Response

if TYPE_CHECKING:
    import polars as pl

    from orion.policy import Policy

PROMPTS = ("correct_step", "correct_locate")


class OwnCorrectionsSpec(Part):
    """The config keys on which they depend. With the text `correct_locate` among the prompts it locates, too."""

    student: Student
    decoding: Decoding
    prompts: dict[str, str]


def why_not(response: Response) -> str | None:
    if response.error is not None:
        return "not-sampled"
    if response.truncated:
        return "cut-off"
    return None if response.text.strip() else "empty"


def correct(
    problems: Sequence[Problem], locations: pl.DataFrame, policy: Policy, spec: OwnCorrectionsSpec
) -> list[dict[str, Any]]:
    """A row for each located error, in order. Columns beside those of the location: response, tagged (it is a cause
    and a correction), own_number (None: it named none; 0: none is wrong)."""
    texts = {problem.id: problem.problem for problem in problems}
    located_ones = [row for row in locations.iter_rows(named=True) if row["kept"] and row["id"] in texts]
    requests = [
        policy.request(
            step_question(spec.prompts["correct_step"], texts[row["id"]], row["steps"][: row["number"]]),
            spec.decoding,
            0,
            row["id"],
        )
        for row in located_ones
    ]
    searches = []
    if search := spec.prompts.get("correct_locate"):
        searches = [
            policy.request(
                fill(search, problem=texts[row["id"]], reference="", steps=shown(row["steps"])),
                spec.decoding,
                0,
                row["id"],
            )
            for row in located_ones
        ]
    said = policy.complete([*requests, *searches])
    places: Sequence[Response | None] = said[len(requests) :] or [None] * len(requests)
    return [
        _row(row, request.key, response, place)
        for row, request, response, place in zip(located_ones, requests, said[: len(requests)], places, strict=True)
    ]


def _row(location: Mapping[str, Any], key: str, response: Response, place: Response | None) -> dict[str, Any]:
    reason = why_not(response)
    calls = [response] if place is None else [response, place]
    return {
        "id": location["id"],
        "error_key": location["error_key"],
        "number": location["number"],
        "response": response.text.strip(),
        "tagged": correction_of(response.text) is not None,
        "own_number": located(place.text) if place else None,
        "truncated": response.truncated,
        "key": key,
        "prompt_tokens": sum(call.prompt_tokens for call in calls),
        "completion_tokens": sum(call.completion_tokens for call in calls),
        "gpu_seconds": sum(call.gpu_seconds for call in calls),
        "kept": reason is None,
        "why_not": reason,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orion.own_corrections", description=__doc__)
    parser.add_argument("--spec", required=True, help="JSON (or @FILE): student, decoding, prompts")
    parser.add_argument("--problems", required=True, nargs="+", type=Path, help="parquet: the problems of the errors")
    parser.add_argument("--locations", required=True, type=Path, help="parquet: the first wrong steps")
    parser.add_argument("--output", required=True, type=Path, help="parquet; beside it <stem>.stats.json")
    cli.add_policy_arguments(parser)
    arguments = parser.parse_args()
    spec = OwnCorrectionsSpec.parse(cli.read_spec(arguments.spec))
    if "correct_step" not in spec.prompts:
        raise UserError("--spec: prompts lack correct_step")

    import polars as pl

    from orion.files import read_table, write_json, write_table
    from orion.policy import Policy
    from orion.problems.table import read_problems

    problems = [problem for path in arguments.problems for problem in read_problems(path)]
    policy = Policy.from_arguments(arguments, spec.student)
    rows = correct(problems, read_table(arguments.locations), policy, spec)
    schema: dict[str, Any] = {"id": pl.String, "error_key": pl.String, "number": pl.Int64, "response": pl.String}
    schema |= {"tagged": pl.Boolean, "own_number": pl.Int64, "truncated": pl.Boolean, "key": pl.String}
    schema |= {"prompt_tokens": pl.Int64, "completion_tokens": pl.Int64, "gpu_seconds": pl.Float64}
    schema |= {"kept": pl.Boolean, "why_not": pl.String}
    table = pl.DataFrame(rows, schema=schema, orient="row")
    described = {"sampling": spec.decoding.model_dump(mode="json", exclude_none=True)}
    write_table(arguments.output, table, policy.provenance | described)
    counts = {
        "in": len(rows),
        "out": sum(row["kept"] for row in rows),
        "dropped": dict(sorted(Counter(row["why_not"] for row in rows if not row["kept"]).items())),
        "tagged": sum(row["tagged"] for row in rows),
    }
    write_json(arguments.output.with_suffix(".stats.json"), counts)
    print(
        f"{counts['out']} of {counts['in']} wrong steps corrected by the student, {counts['tagged']} in the form that "
        f"was asked for; dropped {counts['dropped'] or 'none'}"
    )


if __name__ == "__main__":
    cli.run(main)
