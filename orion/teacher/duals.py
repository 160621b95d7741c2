"""`python -m orion.teacher.duals`: a right and a wrong CoT of the same problem (EDIT, arXiv 2405.19737, section 3.1).

From the teacher's CoTs, split by their answers into D+ and D-, to `results/teacher/{teacher}/duals.parquet`.

1. Rectify D-: the question again, with the correct answer as a hint before the reasoning -> D-+. Pair (D-+, D-).
2. Corrupt D+: shown (wrong, right) pairs of step 1 and a right CoT, the teacher writes the likeliest wrong one -> D+-.
   Pair (D+, D+-).

The paper's requests are few-shot, with examples of each task; ours are zero-shot but for the pairs of step 2, and are
texts of the config (`prompts.edit_*`). Where the paper is silent: a pair is kept only if its right side is right and
its wrong side states a wrong answer (all others are rows too, with `why_not`); a problem gives at most one pair of each
kind; what the teacher thinks about the request is not part of the CoT it hands in, only its response is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from orion import cli
from orion.config.base import Part
from orion.config.duals import Duals
from orion.config.teacher import Teacher
from orion.prompts import fill
from orion.teacher.ask import Asking, unusable
from orion.types import Message, Problem, Response, Verdict, digest
from orion.verify.policy import Grading

if TYPE_CHECKING:
    import polars as pl

    from orion.methods.traces import Trace

SCHEMA: dict[str, type] = {
    "id": str, "kind": str, "right": str, "wrong": str, "right_key": str, "wrong_key": str, "answer": str,
    "verdict": str, "how": str, "finish_reason": str, "prompt_tokens": int, "completion_tokens": int, "cost": float,
    "kept": bool, "why_not": str,
}  # fmt: skip


class DualsSpec(Part):
    """The config keys on which duals depend."""

    teacher: Teacher
    duals: Duals = Duals.model_validate({})
    prompts: dict[str, str]
    grading: Grading = Grading()


class Task(NamedTuple):
    """One CoT to be asked for: `rectified` or `corrupted`, and the known CoT that it makes a pair with."""

    kind: str
    problem: Problem
    known: Trace
    messages: tuple[Message, ...]


def wrong_traces(cots: pl.DataFrame) -> dict[str, Trace]:
    """D-, by problem id: one finished CoT with a wrong answer for each, a choice by the hash of its key."""
    import polars as pl

    from orion.methods.traces import chosen_traces

    return chosen_traces(cots.filter(pl.col("answer").is_not_null()), "wrong")


def why_not(kind: str, response: Response, verdict: Verdict) -> str | None:
    """The reason why a response makes no pair; None where it makes one."""
    if reason := unusable(response):
        return reason
    if verdict.verdict == "unverified":
        return "unverified"
    if verdict.answer is None:
        return "no-answer"
    wanted = "correct" if kind == "rectified" else "wrong"
    return None if verdict.verdict == wanted else {"correct": "still-wrong", "wrong": "still-right"}[wanted]


def asked(tasks: Sequence[Task], asking: Asking, spec: DualsSpec) -> list[dict[str, Any]]:
    """One row a task, in order; tasks whose response could not be had have none."""
    from orion.verify import verify_batch

    temperature, limit = float(spec.duals.temperature), spec.duals.max_tokens
    requests = [
        asking.request(task.messages, id=task.problem.id, temperature=temperature, max_tokens=limit) for task in tasks
    ]
    had = [
        (task, request.key, response)
        for task, request, response in zip(tasks, requests, asking.complete(requests), strict=True)
        if response is not None
    ]
    verdicts = verify_batch(
        [(response.text, task.problem.answer) for task, _, response in had],
        [task.problem.kind for task, _, _ in had],
        spec.grading,
    )
    return [row(*found, verdict) for found, verdict in zip(had, verdicts, strict=True)]


def row(task: Task, key: str, response: Response, verdict: Verdict) -> dict[str, Any]:
    ours, known = (response.text.strip(), key), (task.known.text, task.known.key)
    (right, right_key), (wrong, wrong_key) = (ours, known) if task.kind == "rectified" else (known, ours)
    reason = why_not(task.kind, response, verdict)
    return {
        "id": task.problem.id,
        "kind": task.kind,
        "right": right,
        "wrong": wrong,
        "right_key": right_key,
        "wrong_key": wrong_key,
        "answer": verdict.answer,
        "verdict": verdict.verdict,
        "how": verdict.how,
        "finish_reason": response.finish_reason,
        "prompt_tokens": response.prompt_tokens,
        "completion_tokens": response.completion_tokens,
        "cost": response.cost,
        "kept": reason is None,
        "why_not": reason,
    }


def make_duals(
    problems: Sequence[Problem], cots: pl.DataFrame, asking: Asking, spec: DualsSpec
) -> list[dict[str, Any]]:
    """Rows of both kinds, rectified ones first, each in the order of the problems."""
    from orion.methods.traces import chosen_traces

    by_id = {problem.id: problem for problem in problems}
    wrong, right = wrong_traces(cots), chosen_traces(cots)
    rectify = [
        Task("rectified", p, wrong[p.id], fill(spec.prompts["edit_rectify"], problem=p.problem, label=p.answer))
        for p in problems
        if p.id in wrong
    ]
    rectified = asked(rectify, asking, spec)
    pairs = sorted((r for r in rectified if r["kept"]), key=lambda r: digest(r["right_key"]))[: spec.duals.examples]
    examples = "\n\n".join(
        f"Example {n}: {by_id[pair['id']].problem}\nWrong: {pair['wrong']}\nRight: {pair['right']}"
        for n, pair in enumerate(pairs, 1)
    )
    texts = {p.id: {"problem": p.problem, "reference": right[p.id].text} for p in problems if p.id in right}
    corrupt = [
        Task("corrupted", p, right[p.id], fill(spec.prompts["edit_corrupt"], examples=examples, **texts[p.id]))
        for p in problems
        if p.id in right
    ]
    return rectified + asked(corrupt, asking, spec)


def stats(rows: Sequence[dict[str, Any]], gaps: dict[str, str]) -> dict[str, Any]:
    kinds = ("rectified", "corrupted")
    return {
        "in": len(rows) + len(gaps),
        "out": sum(row["kept"] for row in rows),
        "dropped": dict(
            sorted(
                (
                    Counter(f"{row['kind']}: {row['why_not']}" for row in rows if not row["kept"])
                    + Counter("no response" for _ in gaps)
                ).items()
            )
        ),
        "asked": {kind: sum(row["kind"] == kind for row in rows) for kind in kinds},
        "kept": {kind: sum(row["kind"] == kind and row["kept"] for row in rows) for kind in kinds},
        "cost": sum(row["cost"] for row in rows),
    }


def main() -> None:
    from orion.teacher.program import need_prompts, open_asking, read_arguments, write_outputs

    arguments = read_arguments(
        "duals", __doc__, "teacher, duals, prompts, grading", problems="training problems", cots="the teacher's CoTs"
    )
    spec = DualsSpec.parse(cli.read_spec(arguments.spec))
    need_prompts(spec.prompts, ("edit_rectify", "edit_corrupt"))

    from orion.files import read_table
    from orion.problems.table import read_problems

    with open_asking(spec.teacher, arguments, "duals") as asking:
        rows = make_duals(read_problems(arguments.problems), read_table(arguments.cots), asking, spec)
    counts = stats(rows, asking.gaps)
    about = {"teacher": spec.teacher.name, "sampling": spec.duals.model_dump(mode="json")}
    write_outputs(arguments.output, rows, SCHEMA, about, counts)
    print(f"{counts['out']} of {counts['in']} duals kept: {counts['kept']}; dropped {counts['dropped'] or 'none'}")


if __name__ == "__main__":
    cli.run(main)
