"""Stopped anywhere, the run goes on where it stood: nothing is generated twice, no half file is taken for whole."""

from __future__ import annotations

import os
import signal
import time

import polars as pl
import pytest

from tests.pipeline.workspace import MAIN, Workspace

SAMPLES = "results/smollm2/vanilla/seed0/arith-easy/sampled.parquet"


def stop_when(workspace: Workspace, target: str, ready, how: signal.Signals) -> None:
    """Start a run of `target` and stop the whole process group as soon as `ready()`."""
    process = workspace.start("--cores", "1", target)
    deadline = time.monotonic() + 300
    while not ready():
        assert process.poll() is None, f"ended before it could be stopped:\n{process.stdout.read()}"
        assert time.monotonic() < deadline, "nothing happened in five minutes"
        time.sleep(0.05)
    os.killpg(process.pid, how)
    process.communicate(timeout=120)
    assert process.returncode != 0


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_sampling_job_goes_on_with_what_is_missing(workspace: Workspace, how):
    before = workspace.asked()
    with workspace.edited(evaluation={"decodings": {"sampled": {"draws": 24, "max_tokens": 64}}}):
        old = (workspace.work / SAMPLES).stat().st_mtime_ns
        stop_when(workspace, SAMPLES, lambda: len(workspace.asked()) > len(before) + 5, how)
        path = workspace.work / SAMPLES
        assert not path.exists() or path.stat().st_mtime_ns == old, "a half file was left behind"
        kept = workspace.asked()
        if how == signal.SIGKILL:
            workspace.snakemake("--unlock")
        workspace.run("--rerun-incomplete", SAMPLES)
    assert kept.keys() <= workspace.asked().keys()
    again = workspace.asked() - before
    # Truncated at the old limit, some questions are rightly asked again; none twice at the same limit.
    assert max(again.values()) == 1
    assert pl.read_parquet(workspace.work / SAMPLES).group_by("id").len()["len"].unique().to_list() == [24]


@pytest.mark.slow
def test_training_goes_on_after_it_was_killed(workspace: Workspace):
    adapter = "results/smollm2/sft-label/seed0/sft/adapter"
    log = workspace.work / "logs/smollm2/sft-label/seed0/sft.log"
    with workspace.edited(training={"max_steps": 6}):
        log.unlink()
        stop_when(workspace, adapter, lambda: log.exists() and "step 2/" in log.read_text(), signal.SIGKILL)
        workspace.snakemake("--unlock")
        workspace.run("--rerun-incomplete", adapter)
    assert pl.read_parquet(workspace.work / adapter / "../training_log.parquet")["step"].to_list() == [1, 2, 3, 4, 5, 6]


@pytest.mark.slow
def test_a_second_run_does_nothing(workspace: Workspace):
    assert "Nothing to be done" in workspace.run(MAIN)


@pytest.mark.slow
def test_additions_generate_only_what_is_new(workspace: Workspace):
    """A method, a benchmark, a temperature, a seed, problems and draws more: no existing request is asked again."""
    before = workspace.asked()
    additions = {
        "problems": {"families": {"one-step": 9}},
        "methods": {name: None for name in workspace.config["methods"] if name not in ("vanilla", "sft-label", "orion")}
        | {"sft-label-again": {"stages": [{"objective": "sft", "data": "labels"}]}},
        "benchmarks": {"arith-new": {"source": "arithmetic", "families": {"one-step": 2}, "seed": 5}},
        "exposure": {"temperatures": ["0.6", "1.0", "0.8"]},
        "evaluation": {"decodings": {"sampled": {"draws": 4}}},
        "tables": {"main": {"methods": None}},
    }
    with workspace.edited(**additions):
        workspace.run(MAIN)
    after = workspace.asked()
    assert len(after) > len(before)
    assert {key: count for key, count in after.items() if count > 1} == {}


@pytest.mark.slow
def test_rows_that_stay_the_same_train_no_adapter_again(workspace: Workspace):
    """A code change rewrites the training set with the same rows: the adapter comes off the shelf."""
    adapter = "results/smollm2/sft-label/seed0/sft/adapter"
    weights = (workspace.work / adapter / "adapter_model.safetensors").read_bytes()
    with workspace.code("orion/methods/rows.py", "if same in kept:", "if True and same in kept:"):
        assert {"build_training_set smollm2 sft-label 0 sft", "train_adapter smollm2 sft-label 0 sft"} == (
            workspace.planned(adapter)
        )
        workspace.run(adapter)
    assert "shelf" in (workspace.work / "logs/smollm2/sft-label/seed0/sft.log").read_text()
    assert (workspace.work / adapter / "adapter_model.safetensors").read_bytes() == weights


@pytest.mark.slow
def test_results_lie_elsewhere_and_the_checkout_stays_untouched(finished: Workspace):
    assert not (finished.repo / "results").exists() and not (finished.repo / ".snakemake").exists()
    table = pl.read_csv(finished.work / MAIN)
    assert table["student"].unique().to_list() == ["smollm2"]
    assert table["method"].to_list() == list(finished.config["methods"])
    for column in ("arith-easy Acc@1", "arith-hard Acc@2", "Average Acc@1"):
        assert {column, f"{column} low", f"{column} high", f"{column} n", f"{column} k"} <= set(table.columns)
