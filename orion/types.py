"""The nouns of the pipeline, in the order in which data meets them.

A `Problem` is asked as a `Request` (messages + sampling + draw); an engine answers with a `Record`, the raw
response as it came, which the store keeps for good; a `Record` parses into a `Response`; grading a response
against the problem's answer gives a `Verdict`. Every stage of the pipeline is a projection of these.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol


def canonical(value: Any) -> str:
    """JSON text that is equal for equal values: sorted keys, no spaces, UTF-8 kept."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any) -> str:
    """sha256, as hex, of the canonical JSON of `value`."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


class Problem(NamedTuple):
    """A question with its gold answer. `solution` is the human-written one and may be empty.

    `kind` tells the grader how answers of this problem compare; `subject` and `level` break scores down.
    """

    id: str
    problem: str
    answer: str
    solution: str = ""
    source: str = ""
    kind: str = "math"
    subject: str | None = None
    level: str | None = None


class Message(NamedTuple):
    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn. None means 'the engine's neutral value' and is left out of keys and of API bodies,
    so that an option added later changes no existing key."""

    temperature: float
    max_tokens: int
    top_p: float | None = None
    top_k: int | None = None
    repetition_penalty: float | None = None
    stop: tuple[str, ...] | None = None

    def stated(self) -> dict[str, Any]:
        """What is set, by name."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True)
class Request:
    """One completion to be had. `draw` tells samples of the same question apart.

    `model` names what answers: an API's model name, or for a local student `revision` or `revision+adapter digest`.
    `extra` holds whatever else changes the answer (chat-template switches, reasoning effort, ...).
    `id` is for people (the problem's id) and is not part of the key.
    """

    model: str
    messages: tuple[Message, ...]
    sampling: Sampling
    draw: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    _key: str = field(default="", init=False, repr=False, compare=False)  # once asked for: it is asked for often

    @property
    def key(self) -> str:
        """sha256 of what decides the answer: everything but `id` and `max_tokens`.

        The token limit is no part of the question: a response that ended by itself serves every limit it fits into,
        and only the cut-off ones are asked again when the limit is raised (see `Store.find`).
        """
        if not self._key:
            sampling = self.sampling.stated()
            del sampling["max_tokens"]
            body = {
                "model": self.model,
                "messages": [list(m) for m in self.messages],
                "sampling": sampling,
                "draw": self.draw,
            }
            found = digest(body | ({"extra": dict(self.extra)} if self.extra else {}))
            object.__setattr__(self, "_key", found)
        return self._key

    @property
    def seed(self) -> int:
        """Random seed in [0, 2**31), from the question and the draw alone: the same for every policy and temperature,
        whatever the row's position or batch."""
        return int(digest([[list(m) for m in self.messages], self.draw])[:15], 16) % 2**31


@dataclass(frozen=True, slots=True)
class Record:
    """A response as it came, before anything parsed it: what the store keeps, one JSON line each.

    `format` names the parser (`openai-chat`: a chat-completions body; `text`: a local engine's own).
    `status` is `ok` for a received response, else the class of the final error (`http-400`, `malformed`, ...).
    `meta` says where it came from: endpoint, engine and version, latency in seconds, attempt, time, cost.
    """

    key: str
    max_tokens: int
    format: str
    status: str
    raw: Any
    request: Mapping[str, Any]
    meta: Mapping[str, Any]


FinishReason = Literal["stop", "length", "content_filter", "error"]


@dataclass(frozen=True, slots=True)
class Response:
    """A parsed record. `reasoning` is the text of the thinking part, None where there is none.

    `time` (Unix seconds, 0 where it was not recorded) and `gpu_seconds` say when it came and what it took: that is no
    part of what was said, so responses that differ in nothing else are equal.
    """

    text: str
    finish_reason: FinishReason
    prompt_tokens: int
    completion_tokens: int
    reasoning: str | None = None
    cost: float = 0.0
    error: str | None = None
    time: float = field(default=0.0, compare=False)
    gpu_seconds: float = field(default=0.0, compare=False)

    @property
    def truncated(self) -> bool:
        return self.finish_reason == "length"


class Engine(Protocol):
    """Answers requests. Building one is cheap; whatever is dear (a model, a connection) waits for the first request."""

    def complete(self, requests: Sequence[Request]) -> Iterator[Record]:
        """Yields a record as soon as it is there, in any order. Closing the iterator stops the work."""
        ...


class Verdict(NamedTuple):
    """`unverified`: the comparison could not be decided (`reason` says why); it is never counted as wrong silently."""

    verdict: Literal["correct", "wrong", "unverified"]
    answer: str | None = None
    how: str = ""
    reason: str | None = None
