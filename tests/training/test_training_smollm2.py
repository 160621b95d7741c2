"""A real student, in bfloat16 where the machine computes in it: the embedded default's, from results/models."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from orion.config.training import TrainingSpec
from orion.students import read_manifest
from orion.training import __main__ as program
from orion.training.preview import student_of

MANIFEST = Path(__file__).resolve().parents[2] / "results" / "models" / "smollm2" / "manifest.json"


@pytest.mark.slow
@pytest.mark.skipif(
    not MANIFEST.exists(), reason="no SmolLM2 here: snakemake --cores 1 results/models/smollm2/manifest.json"
)
def test_smollm2_learns_worked_solutions(
    training_set: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        {
            "id": str(n),
            "prompt": f"Ann has {n} pens and buys {n + 3} more. How many are there?",
            "completion": f"Start with {n}. Add {n + 3}: {n} + {n + 3} = {2 * n + 3}. It is \\boxed{{{2 * n + 3}}}.",
        }
        for n in range(2, 26)
    ]
    student = student_of(read_manifest(MANIFEST)).model_dump(exclude_none=True)
    training = {"learning_rate": 1e-3, "epochs": 2, "lora": {"r": 8, "dropout": 0.0}}
    spec = TrainingSpec.model_validate({"student": student, "training": training})
    argv = ["orion.training", "--spec", spec.spec(), "--model", MANIFEST, "--training-set", training_set(rows)]
    argv += ["--adapter", tmp_path / "adapter", "--log", tmp_path / "log.parquet", "--scratch", tmp_path / "scratch"]
    monkeypatch.setattr(sys, "argv", [str(part) for part in [*argv, "--threads", 1]])
    assert program.main() == 0
    log = pl.read_parquet(tmp_path / "log.parquet")
    assert len(log) == 6
    assert log["loss"][-1] < 0.6 * log["loss"][0]
    assert log["token_accuracy"][-1] > log["token_accuracy"][0]
