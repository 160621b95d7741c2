"""`python -m orion.teacher.duals`: a right and a wrong CoT of the same problem (EDIT, arXiv 2405.19737, section 3.1).

From the teacher's CoTs, split by their answers into D+ and D-, to `results/teacher/{teacher}/duals.parquet`.

1. Rectify D-: the question again, with the correct answer as a hint before the reasoning -> D-+. Pair (D-+, D-).
2. Corrupt D+: shown (wrong, right) pairs of step 1 and a right CoT, the teacher writes the likeliest wrong one -> D+-.
   Pair (D+, D+-).

Ours, where the paper is silent: a pair is kept only if its right side is right and its wrong side states a wrong answer
(all others are rows too, with `why_not`); a problem gives at most one pair of each kind; what the teacher thinks about
the request is not part of the CoT it hands in, only its response is.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from orion import cli
from orion.config.base import Part
from orion.config.duals import Duals
from orion.config.teacher import Teacher
from orion.errors import UserError
from orion.prompts import fill
from orion.types import Message, Problem, Response, Verdict, digest
from orion.verify.policy import Grading

if TYPE_CHECKING:
    import polars as pl

    from orion.methods.traces import Trace
    from orion.teacher.ask import Asking


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
    if response.error is not None:
        return response.error.split(":", 1)[0]
    if response.finish_reason != "stop":
        return "cut-off" if response.truncated else response.finish_reason
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
    parser = argparse.ArgumentParser(prog="python -m orion.teacher.duals", description=__doc__)
    parser.add_argument("--spec", required=True, help="JSON (or @FILE): teacher, duals, prompts, grading")
    parser.add_argument("--problems", required=True, type=Path, help="parquet of training problems")
    parser.add_argument("--cots", required=True, type=Path, help="parquet of the teacher's CoTs")
    parser.add_argument("--store", required=True, type=Path, help="folder that keeps every response for good")
    parser.add_argument("--endpoint", help="JSON (or @FILE): where and how hard to ask; changes no result")
    parser.add_argument("--offline", action="store_true", help="ask nothing; fail and list what the store lacks")
    parser.add_argument("--output", required=True, type=Path, help="parquet of duals; beside it <stem>.stats.json")
    arguments = parser.parse_args()
    spec = DualsSpec.parse(cli.read_spec(arguments.spec))
    if missing := {"edit_rectify", "edit_corrupt"} - spec.prompts.keys():
        raise UserError(f"--spec: prompts lack {', '.join(sorted(missing))}")

    import polars as pl

    from orion import files
    from orion.config.endpoint import Endpoint
    from orion.problems.table import read_problems
    from orion.teacher.ask import Asking

    endpoint = Endpoint.parse(cli.read_spec(arguments.endpoint)) if arguments.endpoint else None
    with Asking(spec.teacher, arguments.store, endpoint=endpoint, label="duals", offline=arguments.offline) as asking:
        rows = make_duals(read_problems(arguments.problems), files.read_table(arguments.cots), asking, spec)
        asking.settle()
        counts = stats(rows, asking.gaps)
    texts = ("id", "kind", "right", "wrong", "right_key", "wrong_key", "answer", "verdict", "how", "finish_reason")
    schema: dict[str, Any] = dict.fromkeys(texts, pl.String) | {
        "prompt_tokens": pl.Int64,
        "completion_tokens": pl.Int64,
        "cost": pl.Float64,
        "kept": pl.Boolean,
        "why_not": pl.String,
    }
    described = {"teacher": spec.teacher.name, "sampling": spec.duals.model_dump(mode="json")}
    files.write_table(arguments.output, pl.DataFrame(rows, schema=schema, orient="row"), described)
    files.write_json(arguments.output.with_suffix(".stats.json"), counts)
    print(f"{counts['out']} of {counts['in']} duals kept: {counts['kept']}; dropped {counts['dropped'] or 'none'}")


if __name__ == "__main__":
    cli.run(main)
