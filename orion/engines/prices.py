"""What a request can cost at most, and what a response did cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from orion import responses
from orion.config.endpoint import Prices
from orion.types import Request

BYTES_PER_TOKEN = 3.5  # for counting where an endpoint states no usage


class Cost(NamedTuple):
    amount: float
    estimated: bool


def prompt_bytes(request: Request) -> int:
    """UTF-8 length of a prompt: no byte-level tokenizer makes more tokens of it than this (but for the template)."""
    return sum(len(message.content.encode("utf-8", "surrogatepass")) for message in request.messages)


def dearest(request: Request, prices: Prices | None) -> float:
    """What the request costs if it uses all its tokens."""
    if prices is None:
        return 0.0
    prompt = prompt_bytes(request) + 8 * len(request.messages) + 16
    return (prompt * prices.input + request.sampling.max_tokens * prices.output) / 1e6


def cost_of(request: Request, raw: Any, prices: Prices | None, *, share: float = 1.0) -> Cost:
    """What a response cost: by the price table, else as the endpoint states it, else 0. A body without usage is
    counted by its length, so that what was paid for never looks free. `share` is the part of the price that is due."""
    body = raw if isinstance(raw, Mapping) else {}
    stated = body.get("usage")
    stated = stated if isinstance(stated, Mapping) else {}
    if prices is None:
        amount = stated.get("cost")
        return Cost(float(amount) if isinstance(amount, int | float) else 0.0, False)
    prompt, completion = responses.usage(body)
    estimated = prompt is None or completion is None
    if estimated:
        text = _text(body)
        if not text and "choices" not in body:
            return Cost(0.0, False)  # an error or nothing: not billed
        prompt = prompt if prompt is not None else round(prompt_bytes(request) / BYTES_PER_TOKEN)
        completion = (
            completion if completion is not None else round(len(text.encode("utf-8", "replace")) / BYTES_PER_TOKEN)
        )
    assert prompt is not None and completion is not None
    cached = _cached(stated)
    cheap = prices.input if prices.cached_input is None else prices.cached_input
    amount = (max(prompt - cached, 0) * prices.input + cached * cheap + completion * prices.output) / 1e6
    return Cost(amount * share, estimated)


def _cached(usage: Mapping[str, Any]) -> int:
    """Prompt tokens that came from the provider's cache, in the two forms in use."""
    details = usage.get("prompt_tokens_details")
    for holder, name in ((details, "cached_tokens"), (usage, "prompt_cache_hit_tokens")):
        if isinstance(holder, Mapping) and isinstance(holder.get(name), int):
            return int(holder[name])
    return 0


def _text(body: Mapping[str, Any]) -> str:
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], Mapping) else {}
    message = choice.get("message")
    if not isinstance(message, Mapping):
        return ""
    reasoning, text = responses.message_parts(message)
    return (reasoning or "") + text
