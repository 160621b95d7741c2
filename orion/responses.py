"""From a stored record to a `Response`: the projection that reads raw bodies, free to be mended at any time.

The store keeps bodies as they came, so a mistake here costs another reading, never another request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from orion.types import FinishReason, Record, Response

FINISH: Mapping[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_calls": "stop",
    "length": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
    "safety": "content_filter",
}
# What a server says when it gave up in the middle: the text is no answer, and asking again may help.
GIVEN_UP = {"error", "abort", "insufficient_system_resource"}
# Refusals that the same question would meet again, so it is asked once. 401, 402 and 403 are about the key or the
# account and not about the question; 408, 409, 425 and 429 pass.
FINAL_STATUS = re.compile(r"http-4(?!01|02|03|08|09|25|29)\d\d|content-filter|too-long")

THINK_OPEN, THINK_CLOSE = "<think>", "</think>"


def is_final(status: str) -> bool:
    """Whether a record of this status answers its request for good."""
    return status == "ok" or FINAL_STATUS.fullmatch(status) is not None


def parse(record: Record) -> Response:
    """The response that a record holds. A record of an error gives one with `finish_reason` "error" and `error`.

    Raises:
        ValueError: a record whose status is `ok` holds no readable body (a fault of ours, not of the endpoint).
    """
    found = _parsed(record, float(record.meta.get("cost") or 0.0))
    busy, gpus = record.meta.get("busy") or 0.0, record.meta.get("gpus") or 0
    return replace(found, time=float(record.meta.get("time") or 0.0), gpu_seconds=float(busy * gpus))


def _parsed(record: Record, cost: float) -> Response:
    if record.status != "ok":
        prompt, completion = usage(record.raw) if isinstance(record.raw, Mapping) else (0, 0)
        said = record.meta.get("error")
        error = f"{record.status}: {said}" if said else record.status
        finish_reason: FinishReason = "content_filter" if record.status == "content-filter" else "error"
        return Response("", finish_reason, prompt or 0, completion or 0, None, cost, error)
    if record.format == "openai-chat":
        return _parse_chat(record.raw, cost)
    if record.format == "text":
        reasoning, text = split_thinking(record.raw["text"])
        finish = FINISH.get(record.raw["finish_reason"], "stop")
        return Response(
            text, finish, int(record.raw["prompt_tokens"]), int(record.raw["completion_tokens"]), reasoning, cost
        )
    raise ValueError(f"record {record.key}: unknown format {record.format!r}")


def _parse_chat(body: Any, cost: float) -> Response:
    why = fault(body)
    if why:
        raise ValueError(f"not a chat completion: {why}")
    choice = body["choices"][0]
    message = choice.get("message") or {}
    reasoning, text = message_parts(message)
    finish: FinishReason = FINISH.get(str(choice.get("finish_reason") or "stop").lower(), "stop")
    if message.get("refusal") and not text:
        finish = "content_filter"
    prompt, completion = usage(body)
    return Response(text, finish, prompt or 0, completion or 0, reasoning, cost)


def fault(body: Any) -> str | None:
    """Why a body that came with status 200 is no completion, as one word or two; None if it is one.

    Only `http-...` faults carry the class of an error that the endpoint put into a 200 body.
    """
    if body is None or body == "":
        return "empty"
    if not isinstance(body, Mapping):
        return "malformed"
    error = error_in(body)
    if error is not None:
        code = str(error.get("code") or "")
        return f"http-{code}" if re.fullmatch(r"[45]\d\d", code) else "error-in-body"
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        return "no-choices"
    choice = choices[0]
    if str(choice.get("finish_reason")).lower() in GIVEN_UP:
        return "given-up"
    message = choice.get("message")
    if not isinstance(message, Mapping):
        return "no-message"
    reasoning, text = message_parts(message)
    stopped_early = FINISH.get(str(choice.get("finish_reason")).lower()) in ("length", "content_filter")
    if not text and not reasoning and not stopped_early and not message.get("refusal"):
        return "no-content"
    return None


def error_in(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The error object that some gateways put into a body of status 200."""
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], Mapping) else {}
    for holder in (body, choice):
        error = holder.get("error")
        if isinstance(error, Mapping):
            return error
        if error:
            return {"message": str(error)}
    return None


def message_parts(message: Mapping[str, Any]) -> tuple[str | None, str]:
    """(reasoning, text) of an assistant message, the reasoning searched in every field that endpoints put it in."""
    content = message.get("content")
    thinking: list[str] = []
    if isinstance(content, list):  # parts: {"type": "text"|"thinking", ...}
        texts = []
        for part in content:
            if isinstance(part, Mapping) and part.get("type") == "thinking":
                thinking.append(_flat(part.get("thinking")))
            elif isinstance(part, Mapping):
                texts.append(_flat(part.get("text")))
        content = "".join(texts)
    text = content if isinstance(content, str) else ""
    for name in ("reasoning", "reasoning_content"):
        if isinstance(message.get(name), str) and message[name].strip():
            return message[name], text
    details = message.get("reasoning_details")
    if isinstance(details, list):
        thinking += [_flat(d.get("text") or d.get("summary")) for d in details if isinstance(d, Mapping)]
    if "".join(thinking).strip():
        return "".join(thinking), text
    return split_thinking(text)


def _flat(value: Any) -> str:
    """The text of a string or of nested text parts."""
    if isinstance(value, list):
        return "".join(_flat(v.get("text") if isinstance(v, Mapping) else v) for v in value)
    return value if isinstance(value, str) else ""


def split_thinking(text: str) -> tuple[str | None, str]:
    """(reasoning, rest) of a text with an inline thinking part; the opening tag may be missing (it then stood in the
    prompt), the closing one too (the text was cut off while thinking: the rest is empty)."""
    start = text.find(THINK_OPEN)
    opened = start >= 0 and not text[:start].strip()
    body = text[start + len(THINK_OPEN) :] if opened else text
    inside, closed, rest = body.partition(THINK_CLOSE)
    if closed:
        return inside.strip("\n"), rest.lstrip("\n")
    return (body.strip("\n"), "") if opened else (None, text)


def usage(body: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """(prompt tokens, completion tokens) that a body states; None where it does not."""
    stated = body.get("usage")
    if not isinstance(stated, Mapping):  # a local engine's own format states them at the top
        stated = body
    counts = [stated.get("prompt_tokens"), stated.get("completion_tokens")]
    prompt, completion = (int(n) if isinstance(n, int | float) and n >= 0 else None for n in counts)
    return prompt, completion
