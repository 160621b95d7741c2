"""`python -m orion.sample`: sample a policy on a set of problems and grade what it says.

Exposure and evaluation are this same act: a policy (a student, with or without an adapter), problems, a decoding.
The rows are a projection of the store: only draws that were never made are generated.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion import cli
from orion.config.base import Part
from orion.config.methods import SolverName
from orion.config.sampling import Decoding
from orion.config.student import Student
from orion.prompts import fill
from orion.solvers import SOLVERS
from orion.types import Request, Response
from orion.verify.policy import Grading

if TYPE_CHECKING:
    from orion.policy import Policy

FIRST = ("first_answer", "first_verdict", "outcome")  # columns of solvers that go over their answers


class SampleSpec(Part):
    """The config keys on which a sample file depends."""

    student: Student
    question: str
    decoding: Decoding
    grading: Grading = Grading()
    solver: SolverName | None = None
    shots: int | None = None
    prompts: dict[str, str] | None = None


def complete_and_grade(
    policy: Policy, requests: Sequence[Request], answers: Sequence[tuple[str, str]], grading: Grading
) -> list[dict[str, Any]]:
    """One row a request, in order; `answers` are the (gold, kind) that each is graded against."""
    return graded(requests, policy.complete(requests), answers, grading)


def graded(
    requests: Sequence[Request], responses: Sequence[Response], answers: Sequence[tuple[str, str]], grading: Grading
) -> list[dict[str, Any]]:
    from orion import samples
    from orion.verify import verify_batch

    golds = [gold for gold, _ in answers]
    verdicts = verify_batch(
        list(zip([r.text for r in responses], golds, strict=True)), [kind for _, kind in answers], grading
    )
    return [samples.row(*parts) for parts in zip(requests, responses, verdicts, strict=True)]


def trained_on(adapter: Path | None) -> dict[str, Any]:
    """What an adapter's last stage was trained on, for the metadata: problems, rows, optimiser steps."""
    made = adapter / "training.json" if adapter else None
    if made is None or not made.exists():
        return {}
    facts = json.loads(made.read_text(encoding="utf-8"))
    wanted = {"problems": facts.get("problems"), "rows": facts["rows"]["out"], "steps": facts.get("steps")}
    return {"training": wanted} if all(wanted.values()) else {}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orion.sample", description=__doc__)
    parser.add_argument("--spec", required=True, help="JSON (or @FILE): student, question, decoding, grading, solver")
    parser.add_argument("--problems", required=True, type=Path, help="parquet: id, problem, answer")
    parser.add_argument("--output", required=True, type=Path, help="parquet of graded samples")
    parser.add_argument("--note", action="append", default=[], metavar="KEY=VALUE", help="kept in the metadata")
    parser.add_argument("--train", type=Path, help="few-shot: parquet of the training problems")
    parser.add_argument("--cots", type=Path, help="few-shot: parquet of the teacher's CoTs")
    parser.add_argument("--seed", type=int, default=0, help="few-shot: of the choice of examples")
    cli.add_policy_arguments(parser)
    arguments = parser.parse_args()
    spec = SampleSpec.parse(cli.read_spec(arguments.spec))

    from orion import samples
    from orion.files import write_table
    from orion.policy import Policy
    from orion.problems.table import read_problems

    problems = read_problems(arguments.problems)
    policy = Policy.from_arguments(arguments, spec.student)
    questions = [(problem, draw) for problem in problems for draw in range(spec.decoding.draws)]
    answers = [(p.answer, p.kind) for p, _ in questions]
    more_columns: dict[str, Any] = {}
    if spec.solver is None:
        requests = [
            policy.request(fill(spec.question, problem=problem.problem), spec.decoding, draw, problem.id)
            for problem, draw in questions
        ]
        rows = complete_and_grade(policy, requests, answers, spec.grading)
    else:
        import polars as pl

        solver = import_module(SOLVERS[spec.solver].module)
        solved = solver.solve(questions, policy, spec, arguments)
        rows = graded([s.request for s in solved], [s.response for s in solved], answers, spec.grading)
        more_columns = {"calls": pl.Int64}
        for row, solution in zip(rows, solved, strict=True):
            row["calls"] = solution.calls
        if any(solution.first for solution in solved):
            more_columns |= dict.fromkeys(FIRST, pl.String)
            first = [solution.first or solution.response for solution in solved]
            before = graded([s.request for s in solved], first, answers, spec.grading)
            for row, was, solution in zip(rows, before, solved, strict=True):
                row |= dict(zip(FIRST, (was["answer"], was["verdict"], solution.outcome), strict=True))
    write_table(
        arguments.output,
        samples.table(rows, **more_columns),
        {
            **policy.provenance,
            **cli.notes(arguments.note),
            **trained_on(arguments.adapter),
            "sampling": spec.decoding.model_dump(mode="json", exclude_none=True),
            "draws": spec.decoding.draws,
            "grading": spec.grading.model_dump(mode="json", exclude_none=True),
        },
    )


if __name__ == "__main__":
    cli.run(main)
