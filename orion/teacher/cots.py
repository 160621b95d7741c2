"""CoTs by rejection sampling: draw until a trace is right, at most so often, and grade every draw.

From problems to `results/teacher/{teacher}/cots.parquet`, one row a problem and draw. METHODS, common ground: a trace
is a training target only if its answer is verified, its thinking is closed and it was not cut off (column `kept`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from orion.config.base import Part
from orion.config.teacher import Teacher
from orion.prompts import fill
from orion.teacher.ask import Asking
from orion.types import Problem, Request, Response, Verdict
from orion.verify.policy import Grading

if TYPE_CHECKING:
    import polars as pl

# Refusals that another draw would meet again.
HOPELESS = "error"


class TeacherSpec(Part):
    """The config keys on which a file of CoTs depends."""

    teacher: Teacher
    question: str
    grading: Grading = Grading()


def schema() -> dict[str, Any]:
    """Columns of the CoTs: `key` leads to the raw response in the store, `cost` is money for this draw alone."""
    import polars as pl

    texts = ("reasoning", "response", "answer", "verdict", "how", "finish_reason")
    return {
        "id": pl.String,
        "draw": pl.Int64,
        **dict.fromkeys(texts, pl.String),
        "prompt_tokens": pl.Int64,
        "completion_tokens": pl.Int64,
        "cost": pl.Float64,
        "key": pl.String,
        "kept": pl.Boolean,
        "why_not": pl.String,
    }


def row(id: str, draw: int, key: str, response: Response, verdict: Verdict, reasoning: bool) -> dict[str, Any]:
    why_not = reason_against(response, verdict, reasoning)
    return {
        "id": id,
        "draw": draw,
        "reasoning": response.reasoning,
        "response": response.text,
        "answer": verdict.answer,
        "verdict": verdict.verdict,
        "how": verdict.how,
        "finish_reason": response.finish_reason,
        "prompt_tokens": response.prompt_tokens,
        "completion_tokens": response.completion_tokens,
        "cost": response.cost,
        "key": key,
        "kept": why_not is None,
        "why_not": why_not,
    }


def reason_against(response: Response, verdict: Verdict, reasoning: bool) -> str | None:
    """Why a trace is no training target; None if it is one."""
    if response.error is not None:
        return response.error.split(":", 1)[0]
    if response.truncated:
        return "truncated"
    if response.finish_reason != "stop":
        return response.finish_reason
    if not response.text.strip():
        return "thinking not closed" if response.reasoning else "empty response"
    if reasoning and not (response.reasoning and response.reasoning.strip()):
        return "no reasoning"
    if verdict.verdict == "correct":
        return None
    return "no answer" if verdict.answer is None else verdict.verdict


def graded(asked: Sequence[tuple[Problem, int, str, Response]], spec: TeacherSpec) -> list[dict[str, Any]]:
    """One row for each (problem, draw, key, response)."""
    from orion.verify import verify_batch

    pairs = [(response.text, problem.answer) for problem, _, _, response in asked]
    verdicts = verify_batch(pairs, [problem.kind for problem, _, _, _ in asked], spec.grading)
    ungraded = Verdict("unverified", reason="no response")
    return [
        row(problem.id, draw, key, response, ungraded if response.error else verdict, spec.teacher.reasoning)
        for (problem, draw, key, response), verdict in zip(asked, verdicts, strict=True)
    ]


def question(asking: Asking, spec: TeacherSpec, problem: Problem, draw: int) -> Request:
    return asking.request(fill(spec.question, problem=problem.problem), id=problem.id, draw=draw)


def draw_cots(problems: Sequence[Problem], spec: TeacherSpec, asking: Asking) -> list[dict[str, Any]]:
    """Rows in the order of the problems, then of the draws. A problem is asked again until a trace of it is kept.

    Problems without a response have no row at that draw; `asking.gaps` names them.
    """
    rows: dict[str, list[dict[str, Any]]] = {problem.id: [] for problem in problems}
    open_problems = list(problems)
    for draw in range(spec.teacher.most_draws):
        if not open_problems:
            break
        requests = [question(asking, spec, problem, draw) for problem in open_problems]
        asked = [
            (problem, draw, request.key, response)
            for problem, request, response in zip(open_problems, requests, asking.complete(requests), strict=True)
            if response is not None
        ]
        open_problems = []
        for (problem, *_), found in zip(asked, graded(asked, spec), strict=True):
            rows[problem.id].append(found)
            if not found["kept"] and found["finish_reason"] != HOPELESS:
                open_problems.append(problem)
        if asking.ended:
            break
    return [found for problem in problems for found in rows[problem.id]]


def table(rows: Iterable[dict[str, Any]]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(list(rows), schema=schema(), orient="row")


def stats(problems: Sequence[Problem], rows: Sequence[dict[str, Any]], gaps: dict[str, str]) -> dict[str, Any]:
    """What became of the problems, each counted once (`dropped` by what was wrong with its last draw), and what the
    traces cost: tokens and money over all draws, and money for each problem that has a kept trace."""
    kept = {row["id"] for row in rows if row["kept"]}
    last = {row["id"]: row["why_not"] for row in rows}
    dropped = Counter(str(last.get(p.id, "no response")) for p in problems if p.id not in kept)
    cost = sum(row["cost"] for row in rows)
    return {
        "in": len(problems),
        "out": len(kept),
        "dropped": dict(dropped.most_common()),
        "draws": len(rows),
        "kept_traces": sum(row["kept"] for row in rows),
        "refused_draws": dict(Counter(row["why_not"] for row in rows if not row["kept"]).most_common()),
        "gaps": dict(Counter(gaps.values()).most_common()),
        "prompt_tokens": sum(row["prompt_tokens"] for row in rows),
        "completion_tokens": sum(row["completion_tokens"] for row in rows),
        "cost": cost,
        "cost_per_kept_trace": cost / len(kept) if kept else None,
    }
