"""How a model reads training sets: the model's own numbers, the training's own numbers, and what is made of them."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from orion.analysis import likelihood, perplexity
from orion.errors import UserError
from orion.files import read_metadata, write_table
from tests.training.tiny import ROWS, Tiny, as_rows


def read(tiny: Tiny, folder: Path, monkeypatch: pytest.MonkeyPatch, **more: Any) -> pl.DataFrame:
    write_table(folder / "set.parquet", pl.DataFrame(as_rows(ROWS)))
    spec = {"student": tiny.student.model_dump(exclude_none=True) | {"dtype": "float32"}} | more
    monkeypatch.setattr(
        sys, "argv",
        ["likelihood", "--spec", json.dumps(spec), "--model", str(tiny.manifest_path), "--training-set",
         str(folder / "set.parquet"), "--output", str(folder / "read.parquet"), "--batch-tokens", "100"],
    )  # fmt: skip
    likelihood.main()
    return pl.read_parquet(folder / "read.parquet")


def test_the_numbers_are_those_of_the_model(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    from orion.types import Message

    found = read(tiny, tmp_path, monkeypatch)
    assert found["id"].to_list() == [row["id"] for row in ROWS]
    model = AutoModelForCausalLM.from_pretrained(tiny.manifest.model, dtype=torch.float32).eval()
    for row, ours in zip(ROWS, found.iter_rows(named=True), strict=True):
        prompt, completion = tiny.chat.row([Message("user", row["prompt"])], row["completion"])
        with torch.no_grad():
            log_p = model(torch.tensor([prompt + completion])).logits[0].log_softmax(-1)[len(prompt) - 1 : -1]
        nll = -log_p[range(len(completion)), completion].sum().item()
        entropy = -(log_p.exp() * log_p).sum().item()
        assert ours["tokens"] == len(completion)
        assert (ours["nll"], ours["entropy"]) == pytest.approx((nll, entropy), rel=1e-4)
    assert read_metadata(tmp_path / "read.parquet")["reader"]["model"] == tiny.student.model


def test_the_untrained_entropy_and_loss_are_those_of_the_first_training_step(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orion.training import __main__ as training

    found = read(tiny, tmp_path, monkeypatch)
    spec = tiny.spec(accumulation=len(ROWS), max_steps=1, lora={"dropout": 0.0}).spec()  # one step over all rows
    monkeypatch.setattr(
        sys, "argv",
        ["training", "--spec", spec, "--model", str(tiny.manifest_path), "--training-set",
         str(tmp_path / "set.parquet"), "--adapter", str(tmp_path / "adapter"), "--log", str(tmp_path / "log.parquet"),
         "--scratch", str(tmp_path / "scratch")],
    )  # fmt: skip
    training.main()
    first = pl.read_parquet(tmp_path / "log.parquet").row(0, named=True)
    tokens = found["tokens"].sum()
    assert found["entropy"].sum() / tokens == pytest.approx(first["entropy"], rel=1e-4)
    assert found["nll"].sum() / tokens == pytest.approx(first["loss"], rel=1e-4)


def test_a_limit_takes_the_same_problems_everywhere(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = read(tiny, tmp_path, monkeypatch, problems=3)
    assert len(few) == 3
    assert set(few["id"]) == likelihood.chosen([row["id"] for row in reversed(ROWS)], 3)


def reading(folder: Path, method: str, rows: list[tuple[str, int, float]]) -> Path:
    path = folder / f"likelihood/base/{method}/sft.parquet"
    table = pl.DataFrame(rows, schema=["id", "tokens", "nll"], orient="row")
    write_table(path, table.with_columns(entropy=pl.col("nll") / 2))
    return path


def test_perplexity_by_tokens_and_by_rows(tmp_path: Path) -> None:
    paths = [reading(tmp_path, "a", [("p1", 2, 2.0), ("p2", 1, 4.0)]), reading(tmp_path, "b", [("p1", 4, 4.0)])]
    table = perplexity.build(paths)
    a, shared = table.row(0, named=True), table.row(2, named=True)
    assert (a["rows"], a["ids"], a["tokens"]) == (2, 2, 3)
    assert a["perplexity"] == pytest.approx(math.exp(6 / 3))
    assert a["mean_of_rows"] == pytest.approx((math.exp(1) + math.exp(4)) / 2)
    assert a["entropy"] == pytest.approx(1)
    assert a["low"] < a["perplexity"] < a["high"]
    assert (shared["method"], shared["problems"], shared["rows"]) == ("a", "shared", 1)
    assert shared["perplexity"] == pytest.approx(math.exp(1))


def test_a_file_elsewhere_is_no_reading() -> None:
    with pytest.raises(UserError, match="no likelihood of a training set"):
        perplexity.build([Path("results/student/orion/seed0/sft.parquet")])
