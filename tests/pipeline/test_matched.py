"""The table `matched`: arms that learn from the same problems in as many steps, and a caption that shows it."""

from __future__ import annotations

import polars as pl
import pytest

from tests.pipeline.workspace import Workspace

ARMS = {"sft-label": {"data": "labels"}, "orion": {"data": "refined", "feedback": "error-and-cot"}}


def matched(name: str) -> dict[str, object]:
    stage = ARMS[name] | {"objective": "sft", "match": [*ARMS, "few"], "training": {"max_steps": 2}}
    return {"label": name.upper(), "stages": [stage]}


@pytest.mark.slow
def test_matched_arms_learn_from_the_same_problems_in_as_many_steps(workspace: Workspace) -> None:
    edits = {
        # an arm that has five problems only, whose training set is needed and no more
        "methods": {"few": {"stages": [{"objective": "sft", "data": "cots", "limit": 5}]}}
        | {f"{name}-matched": matched(name) for name in ARMS},
        "tables": {"matched": {"methods": [f"{name}-matched" for name in ARMS], "baselines": ["sft-label-matched"]}},
        "benchmarks": {"arith-hard": None},
    }
    with workspace.edited(**edits):
        workspace.run("results/tables/matched.csv")
    folder = workspace.work / "results/smollm2"
    sets = [set(pl.read_parquet(folder / m / "seed0/sft.training_set.parquet")["id"]) for m in [*ARMS, "few"]]
    shared = set.intersection(*sets)
    assert 0 < len(shared) <= 5 < len(sets[0]) and not (folder / "few/seed0/sft").exists()
    for name in ARMS:
        rows = pl.read_parquet(folder / f"{name}-matched/seed0/sft.training_set.parquet")
        assert set(rows["id"]) == shared
    table = pl.read_csv(workspace.work / "results/tables/matched.csv")
    assert table["training problems"].to_list() == [len(shared)] * 2 and table["training steps"].to_list() == [2, 2]
    said = f"Matched: all trained arms learned from the same {len(shared)} problems in 2 optimiser steps."
    assert said in (workspace.work / "results/tables/matched.md").read_text()
