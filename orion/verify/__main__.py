"""`python -m orion.verify INPUT OUTPUT`: grade a file of outputs."""

from __future__ import annotations

import argparse
import time
from collections import Counter

from pydantic import ValidationError

from orion import cli
from orion.errors import UserError
from orion.types import Verdict
from orion.verify.cascade import KINDS
from orion.verify.grader import grade
from orion.verify.policy import Grading


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m orion.verify",
        description="Grade outputs against gold answers. Rows have `gold` and `output` (or a bare `prediction`), and "
        "may have a `kind`. Every row is written with `verdict` (correct, wrong, unverified), `answer` (what was "
        "extracted), `how` (which step decided) and `reason` (why it could not be decided).",
    )
    parser.add_argument("input", metavar="INPUT", help="a .jsonl or .parquet file")
    parser.add_argument("output", metavar="OUTPUT", help="a .jsonl or .parquet file")
    parser.add_argument(
        "--kind", default="math", choices=sorted(set(KINDS.values())), help="of rows without one (math)"
    )
    parser.add_argument("--spec", default="{}", metavar="JSON|@FILE", help="policies: keys of the config's `grading:`")
    parser.add_argument(
        "--compare", choices=["math-verify"], help="also print the rows that this library judges otherwise"
    )
    return parser.parse_args()


def _policy(argument: str) -> Grading:
    try:
        return Grading.model_validate_json(cli.read_spec(argument))
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"--spec: {'.'.join(map(str, first['loc'])) or 'JSON'}: {first['msg']}") from None


def _summary(verdicts: list[Verdict], seconds: float) -> str:
    total = len(verdicts)
    lines = [f"{total} rows graded in {seconds:.1f} s"]
    for name in ("correct", "wrong", "unverified"):
        count = sum(verdict.verdict == name for verdict in verdicts)
        lines.append(f"  {name:<11}{count:>8}{count / total if total else 0:>8.1%}")
    lines.append("decided by:")
    lines += [f"  {how:<24}{count:>8}" for how, count in Counter(verdict.how for verdict in verdicts).most_common()]
    reasons = Counter(verdict.reason for verdict in verdicts if verdict.verdict == "unverified")
    lines += [f"unverified: {reason}: {count}" for reason, count in reasons.most_common(10)]
    return "\n".join(lines)


def main() -> int:
    arguments = _arguments()
    policy = _policy(arguments.spec)
    from orion.verify.rows import check_suffix, item, read_rows, write_rows

    check_suffix(arguments.output)
    rows, places = read_rows(arguments.input)
    items = [item(row, arguments.kind, place) for row, place in zip(rows, places, strict=True)]
    start = time.perf_counter()
    verdicts = grade(items, policy)
    seconds = time.perf_counter() - start
    write_rows(arguments.output, rows, verdicts, {"grading": policy.model_dump(), "input": arguments.input})
    print(_summary(verdicts, seconds))
    if arguments.compare:
        from orion.verify.peer import math_verify, report

        print(report(items, verdicts, math_verify(items)))
    return 0


if __name__ == "__main__":
    cli.run(main)
