"""What a machine has and what a training asks of it: memory, Liger's kernels, four-bit weights."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from orion.config.training import Training
from orion.errors import UserError
from orion.memory import free_bytes
from orion.training import kernels, preflight
from tests.peers import needs_peers, with_peers
from tests.training.tiny import ROWS, Tiny


def machine(root: Path, available_kb: int, group: str, files: dict[str, str]) -> Path:
    """A system's root with what Linux says about memory."""
    given = {
        "proc/meminfo": f"MemTotal: 99999999 kB\nMemAvailable: {available_kb} kB\n",
        "proc/self/cgroup": group,
    }
    for name, text in (given | files).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_free_memory_is_the_machines_or_what_the_jobs_limit_leaves(tmp_path: Path) -> None:
    own = {"memory.max": "max\n", "memory.current": "800\n", "memory.stat": "anon 700\ninactive_file 100\n"}
    above = {"memory.max": "5000\n", "memory.current": "2000\n", "memory.stat": "inactive_file 300\n"}
    files = {f"sys/fs/cgroup/slurm/job/{name}": text for name, text in own.items()}
    files |= {f"sys/fs/cgroup/slurm/{name}": text for name, text in above.items()}
    assert free_bytes(machine(tmp_path / "limited", 4, "0::/slurm/job\n", files)) == 5000 - 2000 + 300
    assert free_bytes(machine(tmp_path / "small", 3, "0::/slurm/job\n", files)) == 3 * 1024
    old = {
        "memory.limit_in_bytes": "900\n",
        "memory.usage_in_bytes": "1000\n",
        "memory.stat": "total_inactive_file 40\n",
    }
    files = {f"sys/fs/cgroup/memory/job/{name}": text for name, text in old.items()}
    assert free_bytes(machine(tmp_path / "full", 4, "9:cpu:/\n4:memory:/job\n", files)) == 0
    assert free_bytes(tmp_path / "no Linux") is None


@pytest.mark.parametrize("mode", ["lora", "full"])
def test_what_training_holds_is_counted_before_anything_is_loaded(tiny: Tiny, mode: str) -> None:
    spec = tiny.spec(mode=mode)
    reader = tiny.reader(spec)
    trained = sum(p.numel() for p in reader.parameters() if p.requires_grad)
    fixed = sum(p.numel() for p in reader.parameters() if not p.requires_grad)
    network = tiny.reader(tiny.spec(mode="full")).model
    assert preflight.least_bytes(network, spec.training, itemsize=4) == 4 * fixed + 16 * trained


@pytest.mark.parametrize(("mode", "remedy"), [("full", "mode: lora"), ("lora", "mode: qlora"), ("qlora", "smaller")])
def test_too_little_memory_is_said_before_the_model_is_loaded(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, mode: str, remedy: str
) -> None:
    import torch

    def check() -> None:
        training = Training.model_validate({"mode": mode})
        preflight.check_memory(tiny.manifest, training, torch.device("cpu"), torch.float32, False)

    monkeypatch.setattr(preflight, "free_bytes", lambda: 20_000)
    with pytest.raises(UserError, match=rf"(?s)too little memory.*at least.*GiB free.*{remedy}.*mem_mb"):
        check()
    monkeypatch.setattr(preflight, "free_bytes", lambda: 1 << 30)
    check()


def test_liger_is_left_alone_on_cpus_and_refused_where_it_was_insisted_on(tiny: Tiny) -> None:
    import torch

    network = tiny.reader(tiny.spec()).causal
    for wanted in (None, False):
        assert kernels.fuse(network, torch.device("cpu"), wanted) == {}
    with pytest.raises(UserError, match=r"training\.liger: its kernels run on GPUs only; leave the key out"):
        tiny.reader(tiny.spec(liger=True))


@pytest.mark.slow
@needs_peers
@pytest.mark.parametrize("checkpointing", [False, True])
def test_four_bit_weights_train_on_cpus_and_the_adapter_is_a_plain_one(
    tiny: Tiny, training_set: Callable[..., Path], tmp_path: Path, checkpointing: bool
) -> None:
    """bitsandbytes itself quantises the base model; the adapter then serves the base model in full precision."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    logs = {}
    for mode in ("lora", "qlora"):
        spec = tiny.spec(mode=mode, lora={"dropout": 0}, epochs=10, gradient_checkpointing=checkpointing, held_out=0.1)
        out = tmp_path / mode
        arguments = ["--spec", spec.spec(), "--model", tiny.manifest_path, "--training-set", training_set(ROWS)]
        arguments += ["--adapter", out / "adapter", "--log", out / "log.parquet", "--scratch", tmp_path / "scratch"]
        command = [sys.executable, "-m", "orion.training", *map(str, arguments), "--threads", "1"]
        done = subprocess.run(command, env=with_peers(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        logs[mode] = pl.read_parquet(out / "log.parquet")
    plain, quantised = (logs[mode]["loss"].to_list() for mode in ("lora", "qlora"))
    assert quantised[-1] < quantised[0] - 0.1, "it learns"
    assert quantised[0] != plain[0] and quantised[0] == pytest.approx(plain[0], rel=0.02), "of a base in four bits"
    network = AutoModelForCausalLM.from_pretrained(**tiny.manifest.arguments(), dtype=torch.float32)
    before = network(torch.tensor([[5, 6, 7]])).logits
    adapted = PeftModel.from_pretrained(network, str(tmp_path / "qlora" / "adapter"))
    assert not torch.allclose(adapted(torch.tensor([[5, 6, 7]])).logits, before)
