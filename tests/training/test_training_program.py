"""`python -m orion.training` as the pipeline runs it: reproducible, resumable, never twice, clear when it fails."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from orion.config.training import TrainingSpec
from orion.errors import UserError
from orion.files import read_metadata
from orion.students import adapter_digest
from orion.training import __main__ as program
from tests.training.tiny import ROWS, Tiny

Write = Callable[..., Path]
CURVE = ["step", "epoch", "loss", "entropy", "token_accuracy", "grad_norm", "lr"]


class Runs:
    """Runs the program in this process, each run with its own outputs under one folder."""

    def __init__(self, tiny: Tiny, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tiny, self.folder, self.monkeypatch = tiny, folder, monkeypatch

    def arguments(self, training_set: Path, name: str, spec: TrainingSpec | None = None, *more: str) -> list[str]:
        spec = spec or self.tiny.spec()
        out = self.folder / name
        return [
            "--spec", spec.spec(), "--model", str(self.tiny.manifest_path), "--training-set", str(training_set),
            "--adapter", str(out / "adapter"), "--log", str(out / "training_log.parquet"), "--threads", "1",
            "--scratch", str(self.folder / "scratch"), *more,
        ]  # fmt: skip

    def __call__(self, *arguments: Any) -> Path:
        self.monkeypatch.setattr(sys, "argv", ["orion.training", *self.arguments(*arguments)])
        assert program.main() == 0
        return self.folder / str(arguments[1])


@pytest.fixture
def runs(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    return Runs(tiny, tmp_path, monkeypatch)


def curve(out: Path) -> list[tuple[Any, ...]]:
    return pl.read_parquet(out / "training_log.parquet").select(CURVE).rows()


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_same_seed_and_rows_give_the_same_adapter_byte_for_byte(runs: Runs, training_set: Write) -> None:
    one = runs(training_set(ROWS), "one")
    two = runs(training_set(ROWS), "two")
    other = runs(training_set(ROWS), "other", None, "--seed", "1")
    assert files(one / "adapter") == files(two / "adapter")
    assert curve(one) == curve(two) != curve(other)
    assert adapter_digest(one / "adapter") != adapter_digest(other / "adapter")


def test_training_learns_and_logs_each_step(runs: Runs, training_set: Write, tiny: Tiny) -> None:
    out = runs(training_set(ROWS), "one", tiny.spec(epochs=20))
    log = pl.read_parquet(out / "training_log.parquet")
    assert log.columns == list(program.LOG_COLUMNS)
    assert log["step"].to_list() == list(range(1, 61))  # 10 rows, 4 a step: 3 steps an epoch
    assert log["epoch"].to_list()[:3] == [0.4, 0.8, 1.0] and log["epoch"][-1] == 20
    assert log["loss"].tail(3).mean() < log["loss"].head(3).mean() - 0.2  # type: ignore[operator]
    assert log["lr"].max() == pytest.approx(0.01) and log["lr"][-1] < 1e-4
    assert 0 < log["entropy"].min() <= log["entropy"].max() <= 5.6  # type: ignore[operator]  # ln 258
    made = read_metadata(out / "training_log.parquet")
    assert (made["seed"], made["rows"]["out"], made["student"]["revision"]) == (0, 10, tiny.manifest.revision)


def test_no_machines_path_is_in_an_adapter(runs: Runs, training_set: Write) -> None:
    out = runs(training_set(ROWS), "one")
    for name, content in files(out / "adapter").items():
        assert str(runs.folder).encode() not in content and b"/model" not in content, name


class Killed(Exception):
    pass


@contextmanager
def killed_after(step: int) -> Iterator[None]:
    """The process dies as the log of `step` is printed, after the checkpoint of the step before."""
    from orion.training.loop import Loop

    with pytest.MonkeyPatch.context() as patch:
        plain = Loop._step

        def die(self: Any, number: int, *rest: Any) -> Any:
            if number == step:
                raise Killed
            return plain(self, number, *rest)

        patch.setattr(Loop, "_step", die)
        with pytest.raises(Killed):
            yield


@pytest.mark.parametrize("objective", ["sft", "dpo"])
def test_killed_training_resumes_to_the_same_curve_and_adapter(
    runs: Runs, training_set: Write, tiny: Tiny, objective: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = training_set([row | {"rejected": "I do not know."} for row in ROWS])
    spec = tiny.spec(objective)
    whole = runs(rows, "whole", spec)
    with killed_after(3):
        runs(rows, "halved", spec, "--checkpoint-every", "0")
    assert not (runs.folder / "halved" / "adapter").exists()
    halved = runs(rows, "halved", spec)
    assert "going on after step 3" in capsys.readouterr().out
    assert curve(halved) == curve(whole)
    assert files(halved / "adapter") == files(whole / "adapter")
    assert list((runs.folder / "scratch").iterdir()) == []  # pruned


def test_rows_that_an_arm_gave_up_for_the_others_are_counted(runs: Runs, training_set: Write) -> None:
    other = training_set(ROWS[:6], "other.parquet")
    out = runs(training_set(ROWS), "matched", None, "--matched", str(other))
    stats = json.loads((out / "training_log.stats.json").read_text())
    assert (stats["in"], stats["out"], stats["dropped"]) == (10, 6, {"not in every arm": 4})
    alone = json.loads((runs(training_set(ROWS[:6]), "alone") / "adapter/training.json").read_text())
    made = json.loads((out / "adapter/training.json").read_text())
    assert (made["problems"], made["steps"]) == (alone["problems"], alone["steps"]) and made["problems"]["count"] == 6
    assert files(out / "adapter").keys() == files(runs.folder / "alone" / "adapter").keys()
    assert adapter_digest(out / "adapter") == adapter_digest(runs.folder / "alone" / "adapter")


def test_rewritten_rows_are_taken_from_the_shelf(
    runs: Runs, training_set: Write, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = ("--shelf", str(runs.folder / "shelf"))
    first = runs(training_set(ROWS), "first", None, *shelf)
    monkeypatch.setattr("orion.training.run.train", lambda *_: pytest.fail("trained again"))
    again = runs(training_set(ROWS, "rewritten.parquet", note="other bytes"), "again", None, *shelf)
    assert files(again / "adapter") == files(first / "adapter") and curve(again) == curve(first)
    stats = json.loads((again / "training_log.stats.json").read_text())
    assert stats["from_shelf"] is True
    # what the adapter took is told wherever it comes from
    trained = json.loads((first / "training_log.stats.json").read_text())
    assert stats["seconds"] == trained["seconds"] > 0 and stats["gpus"] == trained["gpus"] == 0
    # and nothing is shared with the shelf: what happens to an output does not reach it
    (again / "adapter" / "adapter_config.json").write_text("{}")
    assert files(runs(training_set(ROWS), "third", None, *shelf) / "adapter") == files(first / "adapter")


@pytest.mark.parametrize("what", ["rows", "order", "seed", "rate", "start"])
def test_what_decides_an_adapter_is_in_its_key(runs: Runs, training_set: Write, tiny: Tiny, what: str) -> None:
    shelf = ["--shelf", str(runs.folder / "shelf")]
    base = runs(training_set(ROWS), "base", None, *shelf)
    rows = {"rows": ROWS[:-1], "order": ROWS[::-1]}.get(what, ROWS)
    spec = tiny.spec(learning_rate=0.02) if what == "rate" else tiny.spec()
    more = {"seed": ["--seed", "1"], "start": ["--start-adapter", str(base / "adapter")]}.get(what, [])
    out = runs(training_set(rows), "changed", spec, *shelf, *more)
    assert json.loads((out / "training_log.stats.json").read_text())["from_shelf"] is False
    assert curve(out) != curve(base)


def test_a_stage_goes_on_from_the_adapter_before(runs: Runs, training_set: Write, tiny: Tiny) -> None:
    rows = training_set([row | {"rejected": "I do not know."} for row in ROWS])
    first = runs(rows, "first", tiny.spec(epochs=10))
    second = runs(rows, "second", tiny.spec("krsl", epochs=1), "--start-adapter", str(first / "adapter"))
    fresh = runs(rows, "fresh", tiny.spec("krsl", epochs=1))
    assert curve(second)[0][2] < curve(fresh)[0][2] - 0.1
    with pytest.raises(UserError, match="give the stages of a method the same"):
        runs(rows, "third", tiny.spec(lora={"r": 2}), "--start-adapter", str(first / "adapter"))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_full_training_writes_a_model_that_loads(runs: Runs, training_set: Write, tiny: Tiny, dtype: str) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    out = runs(training_set(ROWS), "full", tiny.spec(mode="full", learning_rate=0.001, epochs=4, dtype=dtype))
    trained = AutoModelForCausalLM.from_pretrained(out / "adapter")
    before = AutoModelForCausalLM.from_pretrained(tiny.student.model)
    assert not torch.equal(trained.model.embed_tokens.weight, before.model.embed_tokens.weight)
    losses = [row[2] for row in curve(out)]
    assert losses[-1] < losses[0]


def test_checkpointed_activations_change_no_gradient(runs: Runs, training_set: Write, tiny: Tiny) -> None:
    plain = runs(training_set(ROWS), "plain", tiny.spec())
    thrifty = runs(training_set(ROWS), "thrifty", tiny.spec(gradient_checkpointing=True))
    assert curve(plain) == curve(thrifty)


def test_batches_are_result_neutral(runs: Runs, training_set: Write, tiny: Tiny) -> None:
    """One row at a time gives the curve of all rows at once, up to rounding (without dropout, drawn a batch)."""
    spec = tiny.spec(lora={"dropout": 0})
    whole, single = (
        curve(runs(training_set(ROWS), name, spec, "--batch-tokens", n)) for name, n in (("a", "9999"), ("b", "1"))
    )
    for one, other in zip(whole, single, strict=True):
        assert one == pytest.approx(other, rel=1e-4)


def test_a_loss_that_is_no_number_names_step_rows_and_remedy(runs: Runs, training_set: Write, tiny: Tiny) -> None:
    with pytest.raises(UserError, match=r"step 2: the loss is .*p\d.*lower training\.learning_rate"):
        runs(training_set(ROWS), "nan", tiny.spec(learning_rate=1e30, warmup=0, epochs=5))


def test_too_little_memory_names_the_remedy(runs: Runs, training_set: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory: ...")

    monkeypatch.setattr("orion.training.loop.collate", fail)
    monkeypatch.setattr("orion.training.run.check_loss", lambda *_, **__: None)
    with pytest.raises(UserError, match=r"out of memory.*gradient_checkpointing: true.*--batch-tokens.*max_length"):
        runs(training_set(ROWS), "oom")


def test_a_model_whose_loss_is_computed_otherwise_is_refused(
    runs: Runs, training_set: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from orion.training import losses

    monkeypatch.setattr(losses._FrozenHead, "apply", lambda h, w, t: (torch.ones(len(t)),) * 3)
    with pytest.raises(UserError, match=r"preflight: the model's own loss on two rows is .*LlamaForCausalLM"):
        runs(training_set(ROWS), "odd")


def test_keys_of_another_objective_are_refused(tiny: Tiny) -> None:
    with pytest.raises(ValueError, match=r"training.beta goes with objective: dpo"):
        tiny.spec("sft", beta=0.1)


@pytest.mark.slow
def test_a_terminated_job_keeps_its_steps(runs: Runs, training_set: Write, tiny: Tiny) -> None:
    """SIGTERM, as a scheduler sends it: the step in progress is finished and kept; the next run goes on from there."""
    spec = tiny.spec(epochs=50)
    command = [sys.executable, "-m", "orion.training", *runs.arguments(training_set(ROWS), "out", spec)]
    root = Path(__file__).resolve().parents[2]
    job = subprocess.Popen(
        command, cwd=root, stdout=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    assert job.stdout is not None
    for line in job.stdout:
        if line.startswith("step 20/"):
            job.send_signal(signal.SIGTERM)
            break
    rest = job.stdout.read()
    assert job.wait(60) == 130
    kept = max([20, *(int(line.split()[1].split("/")[0]) for line in rest.splitlines() if line.startswith("step "))])
    again = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert f"going on after step {kept}\n" in again.stdout
    assert len(curve(runs.folder / "out")) == 150


def test_help_is_quick_to_answer() -> None:
    """No torch behind `--help`: the modules that it would load are not loaded."""
    code = "import sys; sys.argv = ['x', '--help']\nimport orion.training.__main__ as program\n"
    code += "try: program.main()\nexcept SystemExit: pass\n"
    code += "print([n for n in ('torch', 'transformers', 'polars') if n in sys.modules], file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "--start-adapter" in done.stdout and done.stderr.strip() == "[]"
