"""Several processes train what one does, through accelerate with the shipped settings. Here on CPUs, over gloo."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from orion.training.batches import cut, shares
from orion.training.rows import Example, Side
from tests.training.tiny import ROWS, Tiny

ROOT = Path(__file__).resolve().parents[2]


def shipped(name: str) -> dict[str, str]:
    """The environment that `accelerate launch` makes of a shipped FSDP file."""
    if name == "one-model-each":
        return {}
    config = yaml.safe_load((ROOT / "config/accelerate" / f"{name}.yaml").read_text())
    settings = {key.upper(): str(value) for key, value in config["fsdp_config"].items()}
    return {"ACCELERATE_USE_FSDP": "true", "ACCELERATE_MIXED_PRECISION": config["mixed_precision"]} | settings


def launch(
    command: list[str], processes: int, environment: dict[str, str], expect: int = 0, stop_at: str | None = None
) -> list[str]:
    """Start the processes and wait for them; at a line that begins with `stop_at`, tell them to stop."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    shared = {"WORLD_SIZE": str(processes), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1"}
    if processes == 1:
        shared, ranks = {"OMP_NUM_THREADS": "1"}, [{}]
    else:
        shared["ACCELERATE_USE_CPU"] = "true"
        ranks = [{"RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(processes)]
    jobs = [
        subprocess.Popen(
            command, cwd=ROOT, env=os.environ | shared | environment | rank, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for rank in ranks
    ]  # fmt: skip
    if stop_at:
        assert any(line.startswith(stop_at) for line in iter(jobs[0].stdout.readline, ""))  # type: ignore[union-attr]
        for job in jobs:
            job.send_signal(signal.SIGTERM)
    printed = [job.communicate(timeout=600)[0] for job in jobs]
    assert [job.returncode for job in jobs] == [expect] * processes, "\n".join(printed)
    return printed


@pytest.mark.slow
@pytest.mark.parametrize("how", ["one-model-each", "fsdp"])
@pytest.mark.parametrize("mode", ["lora", "full"])
def test_two_processes_train_what_one_does(
    tiny: Tiny, training_set: Callable[..., Path], tmp_path: Path, how: str, mode: str
) -> None:
    """The same curve and weights up to the order of sums, for uneven numbers of batches; and one set of files."""
    from safetensors.numpy import load_file

    more = {"learning_rate": 0.01, "held_out": 0.3} if mode == "lora" else {"learning_rate": 0.001}
    spec = tiny.spec(mode=mode, lora={"dropout": 0}, **more)
    outs = {}
    for processes in (1, 2):
        out = outs[processes] = tmp_path / str(processes)
        command = [sys.executable, "-m", "orion.training", "--spec", spec.spec(), "--model", str(tiny.manifest_path)]
        command += ["--training-set", str(training_set(ROWS)), "--adapter", str(out / "adapter")]
        command += ["--log", str(out / "training_log.parquet"), "--scratch", str(tmp_path / "scratch")]
        command += ["--batch-tokens", "150", "--checkpoint-every", "0", "--threads", "1"]
        launch(command, processes, shipped(how) if processes > 1 else {})
    curves = [pl.read_parquet(outs[n] / "training_log.parquet").select("loss", "entropy", "grad_norm") for n in (1, 2)]
    for one, two in zip(*(curve.rows() for curve in curves), strict=True):
        assert two == pytest.approx(one, rel=1e-3)
    name = "adapter_model.safetensors" if mode == "lora" else "model.safetensors"
    one_weights, two_weights = (load_file(outs[n] / "adapter" / name) for n in (1, 2))
    assert one_weights.keys() == two_weights.keys()
    for key, weight in one_weights.items():
        assert two_weights[key] == pytest.approx(weight, abs=2e-3), key


@pytest.mark.slow
def test_processes_that_do_not_find_each_other_are_refused(
    tiny: Tiny, training_set: Callable[..., Path], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "orion.training", "--spec", tiny.spec().spec(), "--model", str(tiny.manifest_path)]
    command += ["--training-set", str(training_set(ROWS)), "--adapter", str(tmp_path / "adapter")]
    command += ["--log", str(tmp_path / "log.parquet"), "--scratch", str(tmp_path / "scratch")]
    printed = launch(command, 2, {"ACCELERATE_USE_CPU": "false", "CUDA_VISIBLE_DEVICES": ""}, expect=2)
    assert "error: 2 processes were started, accelerate sees 1" in printed[0]
    assert not (tmp_path / "adapter").exists()


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("budget", [1, 30, 999])
def test_every_row_counts_once_whatever_the_processes(size: int, budget: int) -> None:
    examples = [Example(str(n), (Side(list(range(3 + n)), 1, [1.0] * (2 + n)),)) for n in range(7)]
    counted: list[Any] = []
    rounds = set()
    for rank in range(size):
        parts = shares(cut(examples, budget, size), rank, size)
        rounds.add(len(parts))
        counted += [example.id for part, counts in parts if counts for example in part]
    assert sorted(counted) == [example.id for example in examples]
    assert len(rounds) == 1  # all processes meet equally often


@pytest.mark.slow
@pytest.mark.parametrize("how", ["one-model-each", "fsdp"])
def test_two_processes_that_are_told_to_stop_go_on_where_they_stood(
    tiny: Tiny, training_set: Callable[..., Path], tmp_path: Path, how: str
) -> None:
    """The processes agree on the step after which they stop, keep it, and resume to the curve of one process."""
    spec = tiny.spec(lora={"dropout": 0}, epochs=10)
    curves = {}
    for processes in (1, 2):
        out = tmp_path / str(processes)
        command = [sys.executable, "-m", "orion.training", "--spec", spec.spec(), "--model", str(tiny.manifest_path)]
        command += ["--training-set", str(training_set(ROWS)), "--adapter", str(out / "adapter"), "--threads", "1"]
        command += ["--log", str(out / "training_log.parquet"), "--scratch", str(tmp_path / "scratch")]
        if processes == 2:
            launch(command, 2, shipped(how), expect=130, stop_at="step 4/")
        printed = launch(command, processes, shipped(how) if processes > 1 else {})
        assert ("going on after step" in printed[0]) == (processes == 2)
        curves[processes] = pl.read_parquet(out / "training_log.parquet")["loss"].to_list()
    assert curves[2] == pytest.approx(curves[1], rel=1e-3)
