"""Engine `transformers`: samples a local student in this process, on whatever torch runs on.

What a request gets does not depend on what else is asked (up to numerics): every row draws from a random stream of its
own, seeded by `Request.seed`. The loop is in `decoding.py`, the choice of a token in `choose.py`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion.chat import Chat
from orion.config.student import Student
from orion.errors import UserError
from orion.students import policy_name, read_manifest
from orion.types import Record, Request

if TYPE_CHECKING:
    from orion.engines.decoding import Row


class TransformersEngine:
    """A student, with or without an adapter. Result-neutral: `threads` (of torch; None leaves OMP_NUM_THREADS),
    `slots` (rows decoded at once), `memory` (bytes of their K/V cache)."""

    def __init__(
        self,
        manifest: str | Path,
        adapter: str | Path | None,
        student: Student,
        *,
        threads: int | None = None,
        slots: int = 64,
        memory: int = 3 << 30,
    ) -> None:
        self.manifest = read_manifest(manifest)
        self.adapter = adapter
        self.student = student
        self.threads = threads
        self.slots = slots
        self.memory = memory

    @cached_property
    def model(self) -> str:
        """What `Request.model` must say: the model's identity, and the adapter's digest behind a plus sign."""
        return policy_name(self.manifest, self.adapter)

    @property
    def provenance(self) -> dict[str, Any]:
        """What samples came from, for an artifact's metadata. The model need not be loaded."""
        from importlib.metadata import version

        return {
            "engine": "transformers",
            "engine_version": version("transformers"),
            "torch_version": version("torch"),
            "policy": self.model,
            "source": self.manifest.source,
            "revision": self.manifest.revision,
            "template_sha256": self.manifest.template_sha256,
            "thinking": self.student.thinking,
            "system_prompt": self.student.system_prompt,
            "dtype": self.manifest.dtype,
            "context_length": self.manifest.context_length,
            "parallelism": "none",
        }

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
        begun = time.monotonic()
        rows, refused = self._rows(requests)
        yield from refused
        if not rows:
            return
        from orion.engines.decoding import Decoder

        decoder = Decoder(self._loaded, self._stop_ids, self._holds_stop, slots=self.slots, memory=self.memory)
        meta = {"engine": "transformers", "engine_version": self.provenance["engine_version"]}
        for row in decoder.decode(rows):
            request = requests[row.index]
            raw = self._raw(row)
            yield _record(request, "ok", raw, meta | {"seconds": round(time.monotonic() - begun, 3)})

    def _rows(self, requests: Sequence[Request]) -> tuple[list[Row], list[Record]]:
        self._prepare()
        from orion.engines.decoding import Row

        rows, refused = [], []
        prompts: dict[Any, tuple[int, ...]] = {}
        for index, request in enumerate(requests):
            if request.messages not in prompts:
                prompts[request.messages] = tuple(self.chat.prompt(request.messages))
            prompt = prompts[request.messages]
            space = self.manifest.context_length - len(prompt)
            if space <= 0:
                said = f"{len(prompt)} prompt tokens, the context has {self.manifest.context_length}"
                refused.append(_record(request, "too-long", None, {"engine": "transformers", "error": said}))
                continue
            limit = min(request.sampling.max_tokens, space)
            rows.append(Row(index, prompt, request.sampling, request.seed, limit))
        return rows, refused

    def _raw(self, row: Row) -> dict[str, Any]:
        """The body of a record: text without the end token, its tokens counted with it."""
        text = self.chat.decode(row.tokens)
        cuts = [at for at in (text.find(stop) for stop in row.sampling.stop or ()) if at >= 0]
        return {
            "text": text[: min(cuts)] if cuts else text,
            "finish_reason": "stop" if row.stopped else "length",
            "prompt_tokens": len(row.prompt),
            "completion_tokens": len(row.tokens),
        }

    def _holds_stop(self, row: Row) -> bool:
        assert row.sampling.stop is not None
        tail = self.chat.decode(row.tokens[-4 - max(len(stop) for stop in row.sampling.stop) :])
        return any(stop in tail for stop in row.sampling.stop)

    def _prepare(self) -> None:
        """Before torch is imported: threads that wait must not spin, other jobs run beside this one."""
        if "torch" not in sys.modules:
            os.environ.setdefault("OMP_WAIT_POLICY", "passive")
            if self.threads is not None:
                os.environ["OMP_NUM_THREADS"] = str(self.threads)
        import torch

        if self.threads is not None and torch.get_num_threads() != self.threads:
            torch.set_num_threads(self.threads)

    @cached_property
    def chat(self) -> Chat:
        return Chat.load(self.manifest, self.student)

    @cached_property
    def _loaded(self) -> Any:
        """The model in evaluation mode, its adapter merged."""
        import torch
        from transformers import AutoModelForCausalLM
        from transformers.utils import logging

        from orion.engines.slots import ATTENTION

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        device = "cuda" if torch.cuda.is_available() else "cpu"
        dtype = getattr(torch, self.manifest.dtype)
        if device == "cpu" and dtype != torch.float32 and not _computes_in(dtype):
            dtype = torch.float32
        where = self.manifest.arguments()
        full = self.adapter is not None and (Path(self.adapter) / "config.json").exists()  # fully fine-tuned
        if full:
            where = {"pretrained_model_name_or_path": str(self.adapter)}
        model: Any = AutoModelForCausalLM.from_pretrained(
            **where,
            dtype=dtype,
            use_safetensors=True,
            attn_implementation=ATTENTION,
            trust_remote_code=self.student.trust_remote_code,
        )
        if self.adapter is not None and not full:
            from peft import PeftModel

            model = PeftModel.from_pretrained(model, str(self.adapter)).merge_and_unload()
        return model.to(device).eval()

    @cached_property
    def _stop_ids(self) -> set[int]:
        configured = self._loaded.generation_config.eos_token_id
        ids = configured if isinstance(configured, list) else [configured]
        return self.chat.stop_ids | ({int(token) for token in ids if token is not None})


def _computes_in(dtype: Any) -> bool:
    """Whether this CPU multiplies in `dtype`; else torch emulates it, slower than float32."""
    import torch

    name = {torch.bfloat16: "bf16", torch.float16: "fp16"}[dtype]
    return any(name in key and bool(value) for key, value in torch.cpu.get_capabilities().items())


def _record(request: Request, status: str, raw: Any, meta: dict[str, Any]) -> Record:
    return Record(
        key=request.key,
        max_tokens=request.sampling.max_tokens,
        format="text",
        status=status,
        raw=raw,
        request={
            "id": request.id,
            "model": request.model,
            "messages": [message._asdict() for message in request.messages],
            "sampling": {name: value for name, value in asdict(request.sampling).items() if value is not None},
            "draw": request.draw,
        },
        meta=meta,
    )
