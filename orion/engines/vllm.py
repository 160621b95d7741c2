"""Engine `vllm`: samples a local student with vLLM, in this job: continuous batching over all prompts, prefix caching,
LoRA on the one base model, several GPUs.

vLLM pins its own versions of torch and transformers, so it runs in a process of its own (`vllm_worker.py`). Its Python
is the one that the environment variable ORION_VLLM_PYTHON names; else this one, if vLLM is installed beside us; else,
without a GPU, that of `.venv-vllm`, which `make vllm-cpu` makes. Prompts are rendered here, by the same code and the
same libraries as for training and for every other engine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from orion.config.student import Student
from orion.engines.local import LocalEngine, Prompt, Sample
from orion.engines.vllm_worker import end_group
from orion.errors import UserError
from orion.memory import GIB, free_bytes
from orion.types import Request, Sampling

_WORKER = Path(__file__).with_name("vllm_worker.py")
_OWN = Path(__file__).resolve().parents[2] / ".venv-vllm" / "bin" / "python"
# `-c`, so that the worker's folder, with its file `vllm.py`, does not stand before vLLM itself on the search path.
_START = "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
_VERSIONS = """
import json
from importlib.metadata import PackageNotFoundError, version
found = {}
for key, names in {"engine_version": ("vllm", "vllm-cpu"), "torch_version": ("torch",)}.items():
    for name in names:
        try:
            found.setdefault(key, version(name))
        except PackageNotFoundError:
            pass
print(json.dumps(found))
"""
_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)  # that vLLM sets memory aside for
_ROWS, _BLOCK = 256, 128  # on a CPU vLLM decodes so many rows at once, and keeps their K/V in blocks of so many tokens


class VllmEngine(LocalEngine):
    """Result-neutral: `threads` (on CPUs; None leaves the choice to vLLM) and `python` (that has vLLM)."""

    name = "vllm"

    def __init__(
        self,
        manifest: str | Path,
        adapter: str | Path | None,
        student: Student,
        *,
        threads: int | None = None,
        python: str | None = None,
    ) -> None:
        super().__init__(manifest, adapter, student)
        self.threads = threads
        self.ready_at: float | None = None  # monotonic seconds at which vLLM was up
        self.python = python or os.environ.get("ORION_VLLM_PYTHON") or _python()

    def versions(self) -> dict[str, str]:
        return self._versions

    @cached_property
    def _versions(self) -> dict[str, str]:
        try:
            done = subprocess.run([self.python, "-c", _VERSIONS], capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise UserError(f"ORION_VLLM_PYTHON: {self.python} does not run: {error}") from None
        versions: dict[str, str] = json.loads(done.stdout)
        if "engine_version" not in versions:
            raise UserError(
                f"engine vllm: {self.python} has no vLLM; install it there, name a Python that has it in "
                "ORION_VLLM_PYTHON, or run `make vllm-cpu` where there is no GPU"
            )
        return versions

    def parallelism(self) -> str:
        return f"tensor {self.student.tensor_parallel or 1}, data {self.student.data_parallel or 1}"

    def gpus(self) -> int:
        return (self.student.tensor_parallel or 1) * (self.student.data_parallel or 1) if _has_gpu() else 0

    def arguments(self, prompts: list[Prompt]) -> dict[str, Any]:
        """vLLM's engine arguments for these prompts."""
        student, where = self.student, self.weights
        longest = max(len(prompt.ids) + prompt.limit for prompt in prompts)
        chosen: dict[str, Any] = {
            "model": where["pretrained_model_name_or_path"],
            "revision": where.get("revision"),
            "tokenizer": self.manifest.arguments()["pretrained_model_name_or_path"],
            "tokenizer_revision": where.get("revision"),
            "dtype": self.manifest.dtype,
            "max_model_len": min(longest, self.manifest.context_length),
            "enable_prefix_caching": True,
            "tensor_parallel_size": student.tensor_parallel or 1,
            "data_parallel_size": student.data_parallel or 1,
            "trust_remote_code": student.trust_remote_code,
            "gpu_memory_utilization": student.memory_fraction,
            "generation_config": "vllm",  # else the model's own top_k and the like creep in
            "enable_log_requests": False,
            "disable_log_stats": True,
        }
        if self._lora is not None:
            config = json.loads((self._lora / "adapter_config.json").read_text(encoding="utf-8"))
            rank = max([config["r"], *config.get("rank_pattern", {}).values()])
            if rank > _RANKS[-1]:
                raise UserError(
                    f"{self._lora}: rank {rank} is above vLLM's limit {_RANKS[-1]}; use engine: transformers"
                )
            chosen |= {"enable_lora": True, "max_loras": 1, "max_lora_rank": next(r for r in _RANKS if r >= rank)}
        if not _has_gpu():
            chosen["enforce_eager"] = True  # compiling takes longer than most CPU jobs
            # A prompt in pieces is a seeded draw to take back, which generators on CPUs cannot do: vLLM would end.
            chosen["enable_chunked_prefill"] = False
            if student.memory_fraction is None and not os.environ.get("VLLM_CPU_KVCACHE_SPACE"):
                chosen["kv_cache_memory_bytes"] = self._cache_bytes(prompts)
        return {name: value for name, value in chosen.items() if value is not None}

    def _cache_bytes(self, prompts: list[Prompt]) -> int:
        """Bytes of K/V cache for a copy of the model on a CPU, where vLLM by itself would claim nine tenths of the
        machine: what these rows can fill, but no more than a quarter of what is free, and room for the longest."""
        from transformers import AutoConfig

        where = self.manifest.arguments()
        config = AutoConfig.from_pretrained(**where, trust_remote_code=self.student.trust_remote_code).get_text_config()
        heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
        width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        token = 2 * config.num_hidden_layers * heads * width * (4 if self.manifest.dtype == "float32" else 2)
        blocks = sorted((-(-(len(prompt.ids) + prompt.limit) // _BLOCK) for prompt in prompts), reverse=True)
        least, most = token * _BLOCK * (blocks[0] + 2), token * _BLOCK * (sum(blocks[:_ROWS]) + 2)
        free = free_bytes()
        share = (16 * GIB if free is None else free) // 4 // (self.student.data_parallel or 1)
        return int(max(least, min(most, share))) // (self.student.tensor_parallel or 1)

    @property
    def _lora(self) -> Path | None:
        return None if self.adapter is None or self.fully_tuned else Path(self.adapter)

    def _params(self, sampling: Sampling, seed: int, limit: int) -> dict[str, Any]:
        params = {
            "temperature": sampling.temperature,
            "max_tokens": limit,
            "seed": seed if sampling.temperature > 0 else None,
            "top_p": sampling.top_p,
            "top_k": sampling.top_k,
            "repetition_penalty": sampling.repetition_penalty,
            "stop": list(sampling.stop) if sampling.stop else None,
            "stop_token_ids": sorted(self.stop_ids),
            "detokenize": bool(sampling.stop),  # we decode ourselves, but stop strings are searched in vLLM's text
        }
        return {name: value for name, value in params.items() if value is not None}

    def job(self, requests: Sequence[Request], prompts: list[Prompt]) -> dict[str, Any]:
        """What the worker reads."""
        asks = [
            {
                "ids": prompt.ids,
                "params": self._params(requests[prompt.place].sampling, requests[prompt.place].seed, prompt.limit),
            }
            for prompt in prompts
        ]
        adapter = None if self._lora is None else str(self._lora.resolve())
        return {"engine": self.arguments(prompts), "adapter": adapter, "asks": asks}

    def sample(self, requests: Sequence[Request], prompts: list[Prompt]) -> Iterator[Sample]:
        prompts = sorted(prompts, key=lambda prompt: prompt.ids)  # draws of one prompt meet in the prefix cache
        job = self.job(requests, prompts)
        left = len(prompts)
        with tempfile.TemporaryDirectory(prefix="orion-vllm.") as scratch:
            path = Path(scratch) / "job.json"
            path.write_text(json.dumps(job), encoding="utf-8")
            worker = self._start(path)
            try:
                assert worker.stdout is not None
                for line in worker.stdout:
                    answer = json.loads(line)
                    if "ready" in answer:
                        self.ready_at = time.monotonic()
                        continue
                    left -= 1
                    prompt = prompts[answer["ask"]]
                    stop = requests[prompt.place].sampling.stop
                    text = answer["text"] if stop else self.chat.decode(answer["tokens"])
                    cut_off = answer["finish_reason"] == "length"
                    yield Sample(prompt, text, len(answer["tokens"]), "length" if cut_off else "stop")
                if left:
                    code = worker.wait()
                    raise UserError(
                        f"engine vllm: its process ended (code {code}) with {left} answers missing; its messages say "
                        "why. What was received is kept; run again to go on"
                    )
            finally:
                _end(worker)

    def environment(self) -> dict[str, str]:
        """Of the worker: quiet, and with the threads that this job may use."""
        found = {"VLLM_NO_USAGE_STATS": "1", "VLLM_LOGGING_LEVEL": "WARNING", **os.environ}
        return found | ({} if self.threads is None or _has_gpu() else {"OMP_NUM_THREADS": str(self.threads)})

    def _start(self, job: Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.python, "-c", _START, str(_WORKER), str(job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self.environment(),
            start_new_session=True,  # ctrl-C comes to us alone, who end it
        )


def _has_gpu() -> bool:
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") == ""
    return not hidden and (Path("/dev/nvidiactl").exists() or Path("/dev/kfd").exists())


def _python() -> str:
    """On a machine with GPUs the build for CPUs is no choice: it would serve, slowly."""
    beside_us = find_spec("vllm") is not None
    return str(_OWN) if _OWN.exists() and not beside_us and not _has_gpu() else sys.executable


def _end(worker: subprocess.Popen[str]) -> None:
    """Stop the worker and the processes that vLLM started in it."""
    for pipe in (worker.stdin, worker.stdout):  # it ends them, and itself, when it sees its input end
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    with suppress(subprocess.TimeoutExpired):
        worker.wait(timeout=10)
    end_group(worker.pid)
    worker.wait()
