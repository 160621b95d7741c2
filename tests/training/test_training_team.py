"""Several processes train what one does, started by `accelerate launch` with the shipped settings. Here on CPUs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from orion.training.batches import cut, shares
from orion.training.rows import Example, Side
from tests.peers import needs_peers, with_peers
from tests.training.tiny import ROWS, Tiny

ROOT = Path(__file__).resolve().parents[2]
# How the model is prepared: the evidence that the settings took effect.
PREPARED = {"ddp": None, "fsdp": "FSDPReader of DTensor", "deepspeed": "DeepSpeedEngine of Parameter"}


def launch(
    arguments: list[Any], how: str | None = None, expect: int = 0, stop_at: str | None = None, **environment: str
) -> str:
    """Train in this many processes: one without `how`, else two with the settings of that name. At a line that begins
    with `stop_at`, all processes are told to stop, as a scheduler does it."""
    command = [sys.executable, "-m"]
    if how is not None:
        command += ["accelerate.commands.launch", "--config_file", f"config/accelerate/{how}.yaml"]
        command += ["--num_processes", "2"]
        command += [str(ROOT / "tests/training/on_cpus.py")] if PREPARED[how] else ["-m"]
    if how is None or not PREPARED[how]:
        command += ["orion.training"]
        environment = {"ACCELERATE_USE_CPU": "true"} | environment
    around = with_peers() if how == "deepspeed" else os.environ | {"PYTHONPATH": str(ROOT)}
    job = subprocess.Popen(
        [*command, *map(str, arguments)], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=around | {"OMP_NUM_THREADS": "1"} | environment, start_new_session=True,
    )  # fmt: skip
    assert job.stdout is not None
    printed = ""
    for line in job.stdout:
        printed += line
        if stop_at and line.startswith(stop_at):
            os.killpg(job.pid, signal.SIGTERM)
            stop_at = None
    code = job.wait(60)
    assert (code != 0) == (expect != 0), printed
    return printed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "mode"),
    [
        ("ddp", "lora"),
        ("fsdp", "lora"),
        ("fsdp", "full"),
        pytest.param("deepspeed", "lora", marks=needs_peers),
        pytest.param("deepspeed", "full", marks=needs_peers),
    ],
)
def test_two_processes_train_what_one_does_also_when_they_are_stopped(
    tiny: Tiny, training_set: Callable[..., Path], tmp_path: Path, how: str, mode: str
) -> None:
    """They agree on the step after which they stop, go on from there, and reach the curve and the weights of one
    process up to the order of sums, for uneven numbers of batches; they write one set of files."""
    from safetensors.numpy import load_file

    rate = 0.01 if mode == "lora" else 0.001
    spec = tiny.spec(mode=mode, lora={"dropout": 0}, learning_rate=rate, epochs=10, held_out=0.1)
    outs = {}
    for processes in (1, 2):
        out = outs[processes] = tmp_path / str(processes)
        arguments = ["--spec", spec.spec(), "--model", tiny.manifest_path, "--training-set", training_set(ROWS)]
        arguments += ["--adapter", out / "adapter", "--log", out / "training_log.parquet", "--threads", 1]
        arguments += ["--scratch", tmp_path / "scratch", "--batch-tokens", 150]
        if processes == 2:
            launch(arguments, how, expect=130, stop_at="step 4/")
            assert not (out / "adapter").exists()
        printed = launch(arguments, how if processes == 2 else None)
        assert ("going on after step" in printed) == (processes == 2)
        assert processes == 1 or not PREPARED[how] or f"prepared: {PREPARED[how]}" in printed
        assert [path.name for path in (tmp_path / "scratch").iterdir()] == []
    logs = [pl.read_parquet(outs[n] / "training_log.parquet") for n in (1, 2)]
    # Adam makes whole steps of gradients that are nothing but rounding, and norms are the first to show it.
    for column, tolerance in {"loss": 1e-3, "entropy": 1e-3, "held_out_loss": 1e-3, "grad_norm": 0.02}.items():
        one, two = (log[column].drop_nulls().to_list() for log in logs)
        assert one and two == pytest.approx(one, rel=tolerance), column
    name = "adapter_model.safetensors" if mode == "lora" else "model.safetensors"
    one_weights, two_weights = (load_file(outs[n] / "adapter" / name) for n in (1, 2))
    assert one_weights.keys() == two_weights.keys()
    for key, weight in one_weights.items():
        assert two_weights[key] == pytest.approx(weight, abs=2e-3), key


@pytest.mark.slow
def test_processes_that_do_not_find_each_other_are_refused(
    tiny: Tiny, training_set: Callable[..., Path], tmp_path: Path
) -> None:
    arguments = ["--spec", tiny.spec().spec(), "--model", tiny.manifest_path, "--training-set", training_set(ROWS)]
    arguments += ["--adapter", tmp_path / "adapter", "--log", tmp_path / "log.parquet"]
    arguments += ["--scratch", tmp_path / "scratch"]
    printed = launch(arguments, "ddp", expect=2, CUDA_VISIBLE_DEVICES="", ACCELERATE_USE_CPU="false")
    assert "error: 2 processes were started, accelerate sees 1" in printed
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
