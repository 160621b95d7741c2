"""The log goes live to the tracker of the config, if any, and to none otherwise."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orion.errors import UserError
from orion.training.trackers import make_tracker


@pytest.mark.parametrize("name", ["wandb", "trackio"])
def test_each_step_is_logged_with_the_runs_settings(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said: list[Any] = []
    run = SimpleNamespace(log=lambda values, step: said.append((values, step)))
    fake = SimpleNamespace(init=lambda **given: said.append(given) or run)
    monkeypatch.setitem(sys.modules, name, fake)
    make_tracker(name, "S/orion/seed0/sft", {"epochs": 3}, tmp_path)({"step": 4, "loss": 0.5})
    assert said[0] == {"project": "orion", "name": "S/orion/seed0/sft", "config": {"epochs": 3}}
    assert said[1] == ({"train/step": 4, "train/loss": 0.5}, 4)


def test_a_tracker_that_is_not_installed_is_named_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(UserError, match=r"training.tracker: wandb is not installed; pip install wandb"):
        make_tracker("wandb", "run", {}, tmp_path)


def test_without_a_tracker_nothing_is_sent(tmp_path: Path) -> None:
    make_tracker(None, "run", {}, tmp_path / "none")({"step": 1, "loss": 1.0})
    assert list(tmp_path.iterdir()) == []
