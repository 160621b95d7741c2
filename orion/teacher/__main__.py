"""`python -m orion.teacher`: a teacher's CoTs for a set of problems, drawn until they are right, or taken from a file.

With --forecast it asks nothing and says what it would take."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion import cli
from orion.errors import UserError

if TYPE_CHECKING:
    from orion.types import Problem


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orion.teacher", description=__doc__)
    parser.add_argument("--spec", required=True, help="JSON (or @FILE): teacher, question, grading")
    parser.add_argument("--problems", required=True, type=Path, help="parquet: id, problem, answer")
    parser.add_argument("--store", required=True, type=Path, help="folder that keeps every response for good")
    parser.add_argument("--output", type=Path, help="parquet of CoTs; beside it <stem>.stats.json")
    parser.add_argument("--endpoint", help="JSON (or @FILE): where and how hard to ask; changes no result")
    parser.add_argument("--offline", action="store_true", help="ask nothing; fail and list what the store lacks")
    parser.add_argument("--forecast", action="store_true", help="say what is missing and what it will cost, and end")
    arguments = parser.parse_args()
    if arguments.output is None and not arguments.forecast:
        parser.error("--output is needed, or --forecast")

    from orion.config.endpoint import Endpoint
    from orion.problems.table import read_problems
    from orion.teacher import cots
    from orion.teacher.ask import Asking
    from orion.teacher.forecast import forecast, text_of
    from orion.teacher.recorded import recorded_responses

    spec = cots.TeacherSpec.parse(cli.read_spec(arguments.spec))
    teacher = spec.teacher
    endpoint = Endpoint.parse(cli.read_spec(arguments.endpoint)) if arguments.endpoint else Endpoint()
    problems = distinct(read_problems(arguments.problems), arguments.problems)
    gaps: dict[str, str] = {}
    if teacher.source == "file":
        if arguments.forecast:
            print("the traces are recorded: nothing to ask, nothing to pay")
            return
        rows = cots.graded(recorded_responses(problems, teacher), spec)
    else:
        asking = Asking(
            teacher,
            arguments.store,
            endpoint=endpoint,
            label=f"teacher {teacher.name}",
            offline=arguments.offline or arguments.forecast,
            reasoning=teacher.reasoning,
        )
        with asking:
            if arguments.forecast:
                print(text_of(forecast(problems, spec, asking, endpoint), endpoint))
                return
            rows = cots.draw_cots(problems, spec, asking)
            asking.settle()
            gaps = asking.gaps
    write(arguments.output, problems, rows, gaps, spec)


def distinct(problems: list[Problem], path: Path) -> list[Problem]:
    """The problems, each once.

    Raises:
        UserError: two different problems have the same id.
    """
    by_id: dict[str, Problem] = {}
    for problem in problems:
        if by_id.setdefault(problem.id, problem) != problem:
            raise UserError(f"{path}: two different problems have the id {problem.id!r}; make the ids unique")
    return list(by_id.values())


def write(output: Path, problems: list[Problem], rows: list[dict[str, Any]], gaps: dict[str, str], spec: Any) -> None:
    from orion import files
    from orion.teacher import cots

    counts = cots.stats(problems, rows, gaps)
    described = {
        "teacher": spec.teacher.name,
        "source": spec.teacher.source,
        "sampling": spec.teacher.spec(),
        "grading": spec.grading.model_dump(mode="json", exclude_none=True),
    }
    files.write_table(output, cots.table(rows), described)
    files.write_json(output.with_suffix(".stats.json"), counts)
    cost = counts["cost_per_kept_trace"]
    print(
        f"{counts['out']} of {counts['in']} problems have a kept trace, from {counts['draws']} draws"
        + (f"; {cost:.4f} each" if cost else "")
    )


if __name__ == "__main__":
    cli.run(main)
