"""What a new user may meet: a student that never answers, a method with nothing to learn from, a typo."""

from __future__ import annotations

import json

import polars as pl
import pytest

from tests.pipeline.workspace import Workspace

# Four tokens end before any box; that some of them pass for a (wrong) answer is no matter, as all are cut off.
SILENT = {
    "grading": {"last_number": False},
    "exposure": {"max_tokens": 4, "keep_unfinished": False},
    "evaluation": {"decodings": {"sampled": {"max_tokens": 4}, "greedy": None}},
    "tables": {"main": {"methods": ["vanilla"]}, "ablation": None},
}


@pytest.mark.slow
def test_a_student_that_never_answers_gets_a_table_that_says_so(workspace: Workspace) -> None:
    with workspace.edited(**SILENT):
        workspace.run("results/tables/main.csv", "exposure")
    row = pl.read_csv(workspace.work / "results/tables/main.csv").row(0, named=True)
    assert row["Average Acc@1"] == 0 and row["arith-easy truncated"] == row["arith-hard truncated"] == 100
    text = (workspace.work / "results/tables/main.md").read_text()
    assert "cut off 100.0% (Vanilla on arith-easy), without an answer" in text
    # nothing of it is an error to learn from, and an empty error set is a valid file
    errors = pl.read_parquet(workspace.work / "results/smollm2/errors.parquet")
    stats = json.loads((workspace.work / "results/smollm2/errors.stats.json").read_text())
    assert errors.is_empty() and stats["dropped"] == {"cut-off": 16} and stats["coverage"] == 0


@pytest.mark.slow
def test_a_method_with_nothing_to_learn_from_is_named_with_the_reason(workspace: Workspace) -> None:
    with workspace.edited(**SILENT), pytest.raises(AssertionError) as failed:
        workspace.run("results/smollm2/orion/seed0/sft/adapter")
    said = str(failed.value)
    assert "sft.training_set.parquet: the training set is empty, nothing to train (no-kept-rewrite 8)" in said
    assert "or take the method out of the config" in said and "Traceback" not in said


@pytest.mark.slow
def test_a_typo_in_the_config_is_named_before_anything_starts(workspace: Workspace) -> None:
    with workspace.edited(exposure={"temperture": "0.5"}), pytest.raises(AssertionError) as failed:
        workspace.snakemake("--cores", "1")
    said = str(failed.value)
    assert "exposure.temperture: unknown key; did you mean 'temperatures'?" in said and "Traceback" not in said
