"""What asking a teacher will take, before it starts: requests, tokens, money, time. Asks nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from orion.config.endpoint import Endpoint
from orion.engines.prices import BYTES_PER_TOKEN, prompt_bytes
from orion.progress import duration, quantity
from orion.teacher.ask import Asking
from orion.teacher.cots import TeacherSpec, draw_cots, question
from orion.types import Problem


class Forecast(NamedTuple):
    """`requests` to `most_requests`: one more draw for each open problem, or all that are allowed. Tokens and money are
    for `requests` at the mean length seen so far, and for `most_requests` at full length."""

    problems: int
    solved: int
    requests: int
    most_requests: int
    prompt_tokens: float
    completion_tokens: float | None
    most_completion_tokens: int
    cost: float | None
    most_cost: float | None
    spent: float
    seconds: float | None


def forecast(problems: Sequence[Problem], spec: TeacherSpec, asking: Asking, endpoint: Endpoint) -> Forecast:
    """Grades what the store holds, to know which problems are still open. `asking` must be offline."""
    assert asking.offline
    rows = draw_cots(problems, spec, asking)
    solved = {row["id"] for row in rows if row["kept"]}
    drawn: dict[str, int] = {}
    hopeless = {row["id"] for row in rows if row["finish_reason"] == "error"}
    for row in rows:
        drawn[row["id"]] = row["draw"] + 1
    most = spec.teacher.most_draws
    open_problems = [p for p in problems if p.id not in solved | hopeless and drawn.get(p.id, 0) < most]
    requests = [question(asking, spec, problem, drawn.get(problem.id, 0)) for problem in open_problems]
    most_requests = sum(most - drawn.get(problem.id, 0) for problem in open_problems)
    prompt = sum(prompt_bytes(request) for request in requests) / BYTES_PER_TOKEN
    lengths = [row["completion_tokens"] for row in rows if row["completion_tokens"]]
    mean = sum(lengths) / len(lengths) if lengths else None
    completion = None if mean is None else mean * len(requests)
    most_completion = most_requests * spec.teacher.max_tokens
    cost = most_cost = None
    if endpoint.prices is not None:
        prices, share = endpoint.prices, endpoint.prices.batch_discount if spec.teacher.source == "batch" else 1.0
        per_request = prompt / len(requests) if requests else 0.0
        most_cost = share * (most_requests * per_request * prices.input + most_completion * prices.output) / 1e6
        if completion is not None:
            cost = share * (prompt * prices.input + completion * prices.output) / 1e6
    return Forecast(
        problems=len(problems),
        solved=len(solved),
        requests=len(requests),
        most_requests=most_requests,
        prompt_tokens=prompt,
        completion_tokens=completion,
        most_completion_tokens=most_completion,
        cost=cost,
        most_cost=most_cost,
        spent=asking.store.account(spec.teacher.name).cost,
        seconds=_seconds(asking, spec, endpoint, len(requests), prompt, completion),
    )


def _seconds(
    asking: Asking, spec: TeacherSpec, endpoint: Endpoint, requests: int, prompt: float, completion: float | None
) -> float | None:
    """By the rates of the endpoint and the mean latency seen so far; None if neither is known."""
    if spec.teacher.source == "batch" or not requests:
        return None
    found = [0.0]
    if endpoint.requests_per_minute:
        found.append(requests / endpoint.requests_per_minute * 60)
    if endpoint.tokens_per_minute and completion is not None:
        found.append((prompt + completion) / endpoint.tokens_per_minute * 60)
    latencies: list[float] = []
    for place in asking.store.places():
        if len(latencies) == 50:
            break
        record = asking.store.read(place)
        if record.request.get("model") == spec.teacher.name and record.status == "ok":
            latencies.append(float(record.meta.get("latency") or 0.0))
    if latencies:
        found.append(sum(latencies) / len(latencies) * -(-requests // endpoint.concurrency))
    return max(found) or None


def text_of(forecast: Forecast, endpoint: Endpoint) -> str:
    """The forecast for people."""
    f = forecast
    lines = [f"problems   {f.problems:,}, {f.solved:,} with a kept trace in the store"]
    lines.append(f"requests   {f.requests:,} now; at most {f.most_requests:,} with every draw")
    expected = "unknown before the first responses" if f.completion_tokens is None else quantity(f.completion_tokens)
    lines.append(
        f"tokens     {quantity(f.prompt_tokens)} in; out {expected}, at most {quantity(f.most_completion_tokens)}"
    )
    if f.most_cost is None:
        lines.append("money      unknown: set `prices` of the endpoint")
    else:
        expected = "unknown before the first responses" if f.cost is None else f"{f.cost:,.2f}"
        lines.append(f"money      {expected}, at most {f.most_cost:,.2f}; {f.spent:,.2f} spent so far on this model")
    if endpoint.max_cost is not None:
        lines.append(f"budget     {endpoint.max_cost:,.2f} over all runs; nothing is sent that could exceed it")
    if f.seconds is not None:
        lines.append(f"time       about {duration(f.seconds)} at the endpoint's rates")
    return "\n".join(lines)
