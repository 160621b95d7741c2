"""What the engines of local students share: who answers (`model`, `provenance`), rendered prompts, finished records."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from orion.chat import Chat
from orion.config.student import Student
from orion.engines.bodies import request_fields
from orion.errors import UserError
from orion.students import policy_name, read_manifest
from orion.types import FinishReason, Record, Request


class Prompt(NamedTuple):
    """A request as token ids: `place` is its index among the requests, `limit` the new tokens that it may have."""

    place: int
    ids: tuple[int, ...]
    limit: int


class Sample(NamedTuple):
    """What a prompt was answered: `tokens` with the end token, where there is one; `text` without it."""

    prompt: Prompt
    text: str
    tokens: int
    finish_reason: FinishReason


class LocalEngine:
    """A student, with an adapter or without. Subclasses say how to sample; building one loads nothing."""

    name: str

    def __init__(self, manifest: str | Path, adapter: str | Path | None, student: Student) -> None:
        self.manifest = read_manifest(manifest)
        self.adapter = adapter
        self.student = student

    @cached_property
    def model(self) -> str:
        """What `Request.model` must say: the model's identity, and the adapter's digest behind a plus sign."""
        return policy_name(self.manifest, self.adapter)

    @cached_property
    def chat(self) -> Chat:
        return Chat.load(self.manifest, self.student)

    @cached_property
    def stop_ids(self) -> set[int]:
        """Tokens that end an answer: the chat template's, the tokenizer's and those of the generation config."""
        from transformers import GenerationConfig

        where = self.manifest.arguments()
        try:
            configured = GenerationConfig.from_pretrained(where.pop("pretrained_model_name_or_path"), **where)
        except OSError:  # the model comes without one
            return self.chat.stop_ids
        ends = configured.eos_token_id
        return self.chat.stop_ids | {
            int(end) for end in (ends if isinstance(ends, list) else [ends]) if end is not None
        }

    @property
    def weights(self) -> dict[str, Any]:
        """Where the weights are, as `from_pretrained` takes it: the base model's, or those of full fine-tuning."""
        return {"pretrained_model_name_or_path": str(self.adapter)} if self.fully_tuned else self.manifest.arguments()

    @property
    def fully_tuned(self) -> bool:
        """Whether the 'adapter' is a whole model."""
        return self.adapter is not None and (Path(self.adapter) / "config.json").exists()

    def versions(self) -> dict[str, str]:
        """Of the engine itself, as `engine_version`, and of what decides its numbers."""
        raise NotImplementedError

    def parallelism(self) -> str:
        return "none"

    @property
    def provenance(self) -> dict[str, Any]:
        """What samples came from, for an artifact's metadata. The model need not be loaded."""
        return {
            "engine": self.name,
            **self.versions(),
            "policy": self.model,
            "source": self.manifest.source,
            "revision": self.manifest.revision,
            "template_sha256": self.manifest.template_sha256,
            "thinking": self.student.thinking,
            "system_prompt": self.student.system_prompt,
            "dtype": self.manifest.dtype,
            "context_length": self.manifest.context_length,
            "parallelism": self.parallelism(),
            "seeds": "from question and draw",
        }

    def gpus(self) -> int:
        """How many GPUs sampling holds; 0 on CPUs, and where a server does it."""
        return 0

    def sample(self, requests: Sequence[Request], prompts: list[Prompt]) -> Iterator[Sample]:
        """Answers of `prompts`, each as soon as it is there."""
        raise NotImplementedError

    def prepare(self) -> None:
        """What must happen before the first library is imported."""

    def prompts(self, requests: Sequence[Request]) -> list[Prompt]:
        """The requests as token ids, in order; the limit of one that leaves no room for an answer is not positive."""
        seen: dict[Any, tuple[int, ...]] = {}
        made = []
        for place, request in enumerate(requests):
            if request.messages not in seen:
                seen[request.messages] = tuple(self.chat.prompt(request.messages))
            ids = seen[request.messages]
            made.append(Prompt(place, ids, min(request.sampling.max_tokens, self.manifest.context_length - len(ids))))
        return made

    def complete(self, requests: Sequence[Request]) -> Iterator[Record]:
        """Yields a record as soon as its sample is finished; the model is loaded by the first.

        A prompt that leaves no room for an answer gives a record of status `too-long`.

        Raises:
            UserError: a request is for another policy, or the chat template fails a check.
        """
        if not requests:
            return
        strangers = {request.model for request in requests} - {self.model}
        if strangers:
            raise UserError(f"requests for {sorted(strangers)} came to the engine of {self.model}")
        begun = last = time.monotonic()
        self.prepare()
        meta: dict[str, Any] = {"engine": self.name, **self.versions()}
        rendered = self.prompts(requests)
        for prompt in (prompt for prompt in rendered if prompt.limit <= 0):
            said = f"{len(prompt.ids)} prompt tokens, the context has {self.manifest.context_length}"
            yield _record(requests[prompt.place], "too-long", None, meta | {"error": said})
        prompts = [prompt for prompt in rendered if prompt.limit > 0]
        for answer in self.sample(requests, prompts) if prompts else ():
            raw = {
                "text": answer.text,
                "finish_reason": answer.finish_reason,
                "prompt_tokens": len(answer.prompt.ids),
                "completion_tokens": answer.tokens,
            }
            now = time.monotonic()
            # `busy` of all records together is the time that the engine was up, however many it answered at once.
            took = {"seconds": round(now - begun, 3), "busy": round(now - last, 4), "gpus": self.gpus()}
            last = now
            yield _record(requests[answer.prompt.place], "ok", raw, meta | took | {"time": round(time.time(), 3)})


def cut(text: str, stops: Sequence[str] | None) -> str:
    """The text before the first of its stop strings."""
    at = [found for found in (text.find(stop) for stop in stops or ()) if found >= 0]
    return text[: min(at)] if at else text


def _record(request: Request, status: str, raw: Any, meta: dict[str, Any]) -> Record:
    return Record(
        key=request.key,
        max_tokens=request.sampling.max_tokens,
        format="text",
        status=status,
        raw=raw,
        request=request_fields(request),
        meta=meta,
    )
