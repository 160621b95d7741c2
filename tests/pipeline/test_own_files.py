"""The example of own files, `config/own-files.yaml`, run end to end on files of the shape that it names."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from orion.problems.arithmetic import generate
from orion.types import Problem
from orion.workflow import whole_config
from tests.pipeline.workspace import MAIN, ROOT, Workspace, merged

TINY: dict[str, Any] = {
    "problems": {"sample": 7},
    "benchmarks": {"math500": {"rows": 3, "sample": 3}, "gsm-hard": {"rows": 3, "sample": 2, "exclude": []}},
    "training": {"max_steps": 1, "accumulation": 2},
    "evaluation": {"decodings": {"sampled": {"draws": 2, "max_tokens": 32}, "greedy": None}},
    "methods": {"orion": None, "orion-no-error": None, "orion-no-reflection": None},
    "tables": {"ablation": None},
}


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_files(folder: Path) -> list[Problem]:
    """Problems with traces for all but the last one; one training problem is a benchmark's."""
    made = [problem for _, problem in generate({"one-step": 12}, (2, 9), "own", False)]
    train, bench = made[:7], made[7:]
    columns = ("id", "problem", "answer", "solution")
    write(folder / "train.jsonl", [{c: getattr(p, c) for c in columns} for p in train])
    copied = [train[0]._replace(id="copy"), *bench[:2]]
    write(folder / "math500.jsonl", [{c: getattr(p, c) for c in columns} for p in copied])
    write(folder / "gsm_hard.jsonl", [{c: getattr(p, c) for c in columns[:3]} for p in bench[2:5]])
    traces = [
        {"problem": p.problem, "reasoning": f"Let me see. {p.solution}", "response": rf"So it is \boxed{{{p.answer}}}."}
        for p in train[:6]
    ]
    write(folder / "traces.jsonl", traces)
    return train


@pytest.mark.slow
def test_problems_traces_and_benchmarks_of_ones_own_make_the_table(workspace: Workspace) -> None:
    train = write_files(workspace.work / "data")
    example = yaml.safe_load((ROOT / "config/own-files.yaml").read_text())
    # generated problems share their sentences by design, so only whole texts count here
    config = merged(whole_config(example), {**TINY, "decontamination": {"ngram": 0, "near": 0}})
    workspace.write(config)
    workspace.run(MAIN, "results/tables/data.csv", "results/tables/cost.csv")
    rows = pl.read_csv(workspace.work / MAIN)
    assert rows["method"].to_list() == ["vanilla", "sft-label", "sft-long-cot"]
    assert {"math500 Acc@1", "gsm-hard Acc@2", "Average Acc@1"} <= set(rows.columns)
    # the copy of a benchmark's problem is not trained on, and the report names the pair
    with (workspace.work / "results/problems/train.dropped.csv").open() as file:
        assert [(row["id"], row["benchmark"], row["how"]) for row in csv.DictReader(file)] == [
            (train[0].id, "math500", "exact")
        ]
    trained = pl.read_parquet(workspace.work / "results/smollm2/sft-long-cot/seed0/sft.training_set.parquet")
    assert set(trained["id"]) == {p.id for p in train[1:6]}
    assert trained["completion"][0].startswith("Let me see.")
    losses = {row["artifact"]: row for row in pl.read_csv(workspace.work / "results/tables/data.csv").to_dicts()}
    assert (losses["train"]["in"], losses["train"]["out"]) == (7, 6)
    assert losses["r1/cots"]["why not"] == "no response 1"
    caption = (workspace.work / "results/tables/main.md").read_text()
    assert (
        "script" not in caption and "Sampled 20" in caption and "SFT(Label) 6, 6, 1; SFT(Long-CoT) 5, 5, 1." in caption
    )
