"""The best epoch is chosen by problems of the training set that are not trained on."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion.errors import UserError
from orion.files import read_metadata
from orion.training.held_out import divided
from orion.training.rows import Example
from tests.training.test_training_program import Runs, Write, curve, files, killed_after
from tests.training.tiny import ROWS, Tiny


@pytest.fixture
def runs(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    return Runs(tiny, tmp_path, monkeypatch)


STEADY = {"held_out": 0.3, "schedule": "constant", "warmup": 0, "learning_rate": 0.05}  # 7 of 10 rows: 2 steps an epoch


@given(st.lists(st.integers(0, 12), min_size=2, max_size=40), st.floats(0.01, 0.99))
def test_whole_problems_are_held_out_and_no_row_is_lost(numbers: list[int], share: float) -> None:
    examples = [Example(f"p{number}", ()) for number in numbers]
    problems = len(set(numbers))
    if problems < 2:
        with pytest.raises(UserError, match="has one problem"):
            divided(examples, share)
        return
    trained, held = divided(examples, share)
    ids = [{example.id for example in side} for side in (trained, held)]
    assert not ids[0] & ids[1] and len(trained) + len(held) == len(examples)
    assert len(ids[1]) == min(max(1, round(share * problems)), problems - 1)


def held_out_losses(out: Path) -> dict[int, float]:
    log = pl.read_parquet(out / "training_log.parquet").drop_nulls("held_out_loss")
    return dict(log.select("step", "held_out_loss").rows())


def test_the_weights_of_the_best_epoch_are_kept(runs: Runs, training_set: Write, tiny: Tiny) -> None:
    """The adapter is that of a training that stops there, though this one goes on and gets worse."""
    whole = runs(training_set(ROWS), "whole", tiny.spec(epochs=12, **STEADY))
    losses = held_out_losses(whole)
    assert list(losses) == list(range(2, 25, 2))
    best = min(losses, key=lambda step: losses[step])
    assert 2 < best < 24
    made = read_metadata(whole / "training_log.parquet")["held_out"]
    assert (made["step"], made["epoch"], made["rows"]) == (best, best / 2, 3)
    assert made["loss"] == losses[best]
    stats = json.loads((whole / "training_log.stats.json").read_text())
    assert (stats["out"], stats["held_out"], stats["steps"]) == (10, 3, 24)
    stopped = runs(training_set(ROWS), "stopped", tiny.spec(max_steps=best, **STEADY))
    name = "adapter_model.safetensors"
    assert files(stopped / "adapter")[name] == files(whole / "adapter")[name]


def test_a_killed_training_remembers_its_best_epoch(runs: Runs, training_set: Write, tiny: Tiny) -> None:
    spec = tiny.spec(epochs=12, **STEADY)
    whole = runs(training_set(ROWS), "whole", spec)
    with killed_after(22):
        runs(training_set(ROWS), "halved", spec, "--checkpoint-every", "0")
    halved = runs(training_set(ROWS), "halved", spec)
    assert curve(halved) == curve(whole) and held_out_losses(halved) == held_out_losses(whole)
    assert files(halved / "adapter") == files(whole / "adapter")


def test_held_out_rows_are_not_trained_on(runs: Runs, training_set: Write, tiny: Tiny) -> None:
    """Another completion of a held-out problem moves nothing but what is measured."""
    _, held = divided(tiny.examples(tiny.spec(), ROWS), STEADY["held_out"])
    other = [row | ({"completion": "I do not know."} if row["id"] == held[0].id else {}) for row in ROWS]
    spec = tiny.spec(max_steps=2, **STEADY)
    one, two = (runs(training_set(rows), name, spec) for name, rows in (("one", ROWS), ("two", other)))
    assert curve(one) == curve(two) and held_out_losses(one) != held_out_losses(two)


@pytest.mark.parametrize("objective", ["krsl", "dpo"])
def test_paired_objectives_are_measured_by_their_own_loss(
    runs: Runs, training_set: Write, tiny: Tiny, objective: str
) -> None:
    rows = [row | {"rejected": f"{row['completion'][:-2]}7."} for row in ROWS]
    out = runs(training_set(rows), objective, tiny.spec(objective, max_steps=4, **STEADY))
    losses = list(held_out_losses(out).values())
    assert len(losses) == 2 and losses[0] != losses[1]
    assert objective != "dpo" or 0 < losses[1] < 2


def test_without_it_there_is_no_such_column(runs: Runs, training_set: Write) -> None:
    assert "held_out_loss" not in pl.read_parquet(runs(training_set(ROWS), "plain") / "training_log.parquet").columns
