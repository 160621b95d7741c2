"""Engine `transformers`: samples a local student in this process, on whatever torch runs on.

What a request gets does not depend on what else is asked (up to numerics): every row draws from a random stream of its
own, seeded by `Request.seed`. The loop is in `decoding.py`, the choice of a token in `choose.py`. The library's own
continuous batching (`generate_batch`) serves on CPUs, too, but without a seed for each row, at a seventh of the speed
(transformers 5.23, SmolLM2-135M, 16 prompts on a thread: 19 against 132 tokens/s).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion.config.student import Student
from orion.engines.local import LocalEngine, Prompt, Sample, cut
from orion.types import Request

if TYPE_CHECKING:
    from orion.engines.decoding import Row


class TransformersEngine(LocalEngine):
    """Result-neutral: `threads` (of torch; None leaves OMP_NUM_THREADS), `slots` (rows decoded at once), `memory`
    (bytes of their K/V cache)."""

    name = "transformers"

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
        super().__init__(manifest, adapter, student)
        self.threads = threads
        self.slots = slots
        self.memory = memory

    def versions(self) -> dict[str, str]:
        return {"engine_version": version("transformers"), "torch_version": version("torch")}

    def gpus(self) -> int:
        return int(next(self.loaded.parameters()).device.type == "cuda")

    def prepare(self) -> None:
        if "torch" not in sys.modules:
            os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait must not spin: other jobs run too
            if self.threads is not None:
                os.environ["OMP_NUM_THREADS"] = str(self.threads)
        import torch

        if self.threads is not None and torch.get_num_threads() != self.threads:
            torch.set_num_threads(self.threads)

    def sample(self, requests: Sequence[Request], prompts: list[Prompt]) -> Iterator[Sample]:
        from orion.engines.decoding import Decoder, Row

        rows = [
            Row(number, prompt.ids, requests[prompt.place].sampling, requests[prompt.place].seed, prompt.limit)
            for number, prompt in enumerate(prompts)
        ]
        decoder = Decoder(self.loaded, self.stop_ids, self._holds_stop, slots=self.slots, memory=self.memory)
        for row in decoder.decode(rows):
            text = cut(self.chat.decode(row.tokens), row.sampling.stop)
            yield Sample(prompts[row.index], text, len(row.tokens), "stop" if row.stopped else "length")

    def _holds_stop(self, row: Row) -> bool:
        assert row.sampling.stop is not None
        tail = self.chat.decode(row.tokens[-4 - max(len(stop) for stop in row.sampling.stop) :])
        return any(stop in tail for stop in row.sampling.stop)

    @cached_property
    def loaded(self) -> Any:
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
        model: Any = AutoModelForCausalLM.from_pretrained(
            **self.weights,
            dtype=dtype,
            use_safetensors=True,
            attn_implementation=ATTENTION,
            trust_remote_code=self.student.trust_remote_code,
        )
        if self.adapter is not None and not self.fully_tuned:
            from peft import PeftModel

            model = PeftModel.from_pretrained(model, str(self.adapter)).merge_and_unload()
        return model.to(device).eval()


def _computes_in(dtype: Any) -> bool:
    """Whether this CPU multiplies in `dtype`; else torch emulates it, slower than float32."""
    import torch

    name = {torch.bfloat16: "bf16", torch.float16: "fp16"}[dtype]
    return any(name in key and bool(value) for key, value in torch.cpu.get_capabilities().items())
