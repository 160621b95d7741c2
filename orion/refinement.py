"""`python -m orion.refinement`: the student rewrites the teacher's CoT in the light of its own error.

ORION, section 3.2: o~_ik = Student(RefinePrompt(q, y_ik, o_i)) for every error y_ik, kept where Ans(o~_ik) = L.
Without errors (`feedback: cot`, the ablation 'w/o Solution Error') there is one rewrite a problem.
Every rewrite is a row; `kept` says whether it may be trained on and `why_not` why it may not.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from orion import cli
from orion.config.base import Part
from orion.config.sampling import Refinement
from orion.config.student import Student
from orion.prompts import fill
from orion.verify.policy import Grading

if TYPE_CHECKING:
    import polars as pl

    from orion.types import Problem


class RefinementSpec(Part):
    """The config keys on which a refined set depends."""

    student: Student
    feedback: Literal["error-and-cot", "cot"]
    prompt: str
    refinement: Refinement
    grading: Grading = Grading()


class Task(NamedTuple):
    """One rewrite to be had: a problem, the teacher's CoT for it and, with errors, one of them."""

    problem: Problem
    cot: str
    cot_key: str
    error: str | None = None
    error_key: str | None = None
    temperature: str | None = None


# A rewrite has to stand alone: these words show that it talks about what it was given.
_MENTIONS = re.compile(
    r"\b(reference|attempt|previous|earlier|original|given|provided|incorrect|wrong|student'?s?|teacher'?s?|your|my)\s+"
    r"(solution|reasoning|answer|attempt|work|explanation|calculation|text)s?\b"
    r"|\b(reference|rewrit\w*|corrected)\b",
    re.IGNORECASE,
)


def tasks(problems: list[Problem], cots: pl.DataFrame, errors: pl.DataFrame | None) -> list[Task]:
    """What to rewrite, in the order of the problems; problems without a chosen CoT, or without an error, have none."""
    from orion.methods.traces import chosen_traces

    traces = chosen_traces(cots)
    by_problem: dict[str, list[dict[str, Any]]] = {}
    if errors is not None:
        for row in errors.iter_rows(named=True):
            by_problem.setdefault(row["id"], []).append(row)
    found = []
    for problem in problems:
        if (trace := traces.get(problem.id)) is None:
            continue
        if errors is None:
            found.append(Task(problem, trace.text, trace.key))
            continue
        for row in by_problem.get(problem.id, []):
            found.append(Task(problem, trace.text, trace.key, row["response"], row["key"], row["temperature"]))
    return found


_EQUATION = re.compile(r"(?<![\d.*/+-] )(?<![\d.])(\d+)\s*([-+*/x×÷])\s*(\d+)\s*=\s*(\d+)(?![\d.]*\d)")


def equations(text: str) -> list[bool]:
    """Of each equation `a op b = c` between whole numbers in the text, whether it holds. Chains are not read."""
    held = []
    for left, symbol, right, result in _EQUATION.findall(text.replace(",", "")):
        a, b, c = int(left), int(right), int(result)
        if symbol in "/÷":
            held.append(b != 0 and a == b * c)
        else:
            held.append(c == (a + b if symbol == "+" else a - b if symbol == "-" else a * b))
    return held


def why_not(row: dict[str, Any], cot: str, spec: Refinement) -> str | None:
    """The reason why a rewrite is no training target; None where it is one."""
    from rapidfuzz.fuzz import ratio

    if row["finish_reason"] == "error":
        return "not-sampled"
    if row["truncated"]:
        return "cut-off"
    if row["answer"] is None:
        return "no-answer"
    if row["verdict"] != "correct":
        return row["verdict"] if row["verdict"] == "unverified" else "wrong-answer"
    if spec.equations != "ignored":
        held = equations(row["response"])
        if not all(held):
            return "false-equation"
        if spec.equations == "required" and not held:
            return "no-equation"
    if spec.leak_filter and _MENTIONS.search(row["response"]):
        return "mentions-reference"
    if spec.leak_filter and ratio(row["response"], cot) / 100 > spec.max_overlap:
        return "copies-reference"
    return None


def mark(rows: list[dict[str, Any]], spec: Refinement) -> None:
    """Set `kept` and `why_not` of every row; each row has its `cot` beside it, which is taken out."""
    seen: set[tuple[str, str]] = set()
    per_problem: Counter[str] = Counter()
    for row in rows:
        reason = why_not(row, row.pop("cot"), spec)
        if reason is None and (row["id"], row["response"]) in seen:
            reason = "duplicate"
        if reason is None and spec.max_per_problem is not None and per_problem[row["id"]] >= spec.max_per_problem:
            reason = "over-max-per-problem"
        if reason is None:
            seen.add((row["id"], row["response"]))
            per_problem[row["id"]] += 1
        row["kept"], row["why_not"] = reason is None, reason


def statistics(rows: list[dict[str, Any]], problems: int, with_task: int) -> dict[str, Any]:
    kept = [row for row in rows if row["kept"]]
    covered = len({row["id"] for row in kept})
    return {
        "in": len(rows),
        "out": len(kept),
        "dropped": dict(sorted(Counter(row["why_not"] for row in rows if not row["kept"]).items())),
        "problems": problems,
        "problems_asked": with_task,
        "problems_kept": covered,
        "coverage": covered / problems if problems else None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orion.refinement", description=__doc__)
    parser.add_argument("--spec", required=True, help="JSON (or @FILE): student, feedback, prompt, refinement, grading")
    parser.add_argument("--problems", required=True, type=Path, help="parquet of training problems")
    parser.add_argument("--cots", required=True, type=Path, help="parquet of the teacher's CoTs")
    parser.add_argument("--errors", type=Path, help="parquet of the student's errors (feedback: error-and-cot)")
    parser.add_argument("--output", required=True, type=Path, help="parquet of rewrites")
    parser.add_argument("--stats", required=True, type=Path, help="JSON: what was kept and dropped, and why")
    cli.add_policy_arguments(parser)
    arguments = parser.parse_args()
    spec = RefinementSpec.parse(cli.read_spec(arguments.spec))
    if (spec.feedback == "error-and-cot") != (arguments.errors is not None):
        parser.error("--errors goes with feedback: error-and-cot")

    import polars as pl

    from orion import samples
    from orion.files import read_table, write_json, write_table
    from orion.policy import Policy
    from orion.problems.table import read_problems
    from orion.sample import complete_and_grade

    problems = read_problems(arguments.problems)
    errors = read_table(arguments.errors) if arguments.errors else None
    todo = tasks(problems, read_table(arguments.cots), errors)
    policy = Policy.from_arguments(arguments, spec.student)
    asked = [(task, draw) for task in todo for draw in range(spec.refinement.tries)]
    requests = [
        policy.request(
            fill(spec.prompt, problem=task.problem.problem, reference=task.cot, error=task.error or ""),
            spec.refinement.decoding(),
            draw,
            task.problem.id,
        )
        for task, draw in asked
    ]
    rows = complete_and_grade(policy, requests, [(t.problem.answer, t.problem.kind) for t, _ in asked], spec.grading)
    for row, (task, _) in zip(rows, asked, strict=True):
        row |= {"error_key": task.error_key, "cot_key": task.cot_key, "cot": task.cot, "temperature": task.temperature}
    mark(rows, spec.refinement)
    more = dict.fromkeys(("error_key", "cot_key", "temperature", "why_not"), pl.String) | {"kept": pl.Boolean}
    write_table(arguments.output, samples.table(rows, **more), policy.provenance | {"feedback": spec.feedback})
    stats = statistics(rows, len(problems), len({task.problem.id for task in todo}))
    write_json(arguments.stats, stats)
    print(f"{stats['out']} of {stats['in']} rewrites kept, for {stats['problems_kept']} of {len(problems)} problems")


if __name__ == "__main__":
    cli.run(main)
