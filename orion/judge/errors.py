"""`python -m orion.judge.errors`: which type of error each wrong case is of, by a judge.

From the cases to `results/analysis/{student}/judged/errors.parquet`, one row a wrong case. The judge sees the problem,
its label and the wrong solution, gives its reason first and one primary type (METHODS 7).
"""

from __future__ import annotations

from orion import cli
from orion.judge.verdicts import COLUMNS, AskedBy, Question, counts, described, judged
from orion.prompts import fill

TYPES = ("reasoning", "comprehension", "calculation", "knowledge", "format-or-truncation")
SCHEMA: dict[str, type] = {"problems": str, "id": str, "case_key": str, "type": str} | COLUMNS


class ErrorsSpec(AskedBy):
    """The config keys on which the judgements depend."""

    prompt: str


def main() -> None:
    from orion.teacher.program import open_asking, read_arguments, write_outputs

    arguments = read_arguments(
        "orion.judge.errors", __doc__, "teacher, temperature, max_tokens, prompt", cases="the cases"
    )
    spec = ErrorsSpec.parse(cli.read_spec(arguments.spec))

    from orion.files import read_table

    cases = [case for case in read_table(arguments.cases).iter_rows(named=True) if not case["right"]]
    asked = [
        Question(
            case["id"],
            fill(spec.prompt, problem=case["problem"], label=case["label"], error=case["response"]),
            TYPES,
            {"problems": case["problems"], "case_key": case["key"]},
        )
        for case in cases
    ]
    with open_asking(spec.teacher, arguments, "error types") as asking:
        rows = judged(asked, "Type", asking, spec)
    rows = [row | {"type": row["verdict"]} for row in rows]
    stats = counts(rows)
    write_outputs(arguments.output, rows, SCHEMA, described(spec.teacher), stats)
    print(f"{stats['out']} of {stats['in']} errors have a type")


if __name__ == "__main__":
    cli.run(main)
