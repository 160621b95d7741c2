"""The config decides which tables there are and which artifacts they are made from."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from orion.config.study import load
from orion.errors import UserError
from orion.specs import Specs
from orion.tables import inputs
from orion.tables.config import ScoreTable

DEFAULT = yaml.safe_load((Path(__file__).resolve().parents[2] / "config/config.yaml").read_text())


def specs(**changes: Any) -> Specs:
    return Specs(load(DEFAULT | changes))


def test_a_table_takes_from_the_config_what_its_entry_leaves_open() -> None:
    decodings = DEFAULT["evaluation"]["decodings"] | {"zero": {"temperature": "0", "max_tokens": 9}}
    evaluation = DEFAULT["evaluation"] | {"decodings": decodings}
    table = ScoreTable.parse(specs(tables={"main": {}}, evaluation=evaluation).table("main"))
    assert table.methods == list(DEFAULT["methods"]) and table.students == list(DEFAULT["students"])
    assert table.benchmarks == list(DEFAULT["benchmarks"]) and table.decoding == DEFAULT["evaluation"]["headline"]
    assert table.k == DEFAULT["evaluation"]["k"] and table.greedy == "zero" and table.teacher == "script"


def test_budgets_and_families_follow_from_the_study() -> None:
    known = {name: {"source": "known"} for name in ("AIME24", "math500", "bbh")}
    table = ScoreTable.parse(specs(benchmarks=known, tables={"main": {}}).table("main"))
    assert table.families == {"math": ["AIME24", "math500"]}  # bbh is alone in its family
    assert table.budgets == [20, 40, 80]  # of 160 tokens
    stated = specs(benchmarks=known, tables={"main": {"budgets": [7], "families": {}}}).table("main")
    assert (ScoreTable.parse(stated).budgets, ScoreTable.parse(stated).families) == ([7], {})


def test_an_entry_has_the_last_word() -> None:
    chosen = specs(tables={"short": {"methods": ["orion", "vanilla"], "k": [2], "benchmarks": ["arith-easy"]}})
    table = ScoreTable.parse(chosen.table("short"))
    assert (table.name, table.methods, table.k, table.benchmarks) == (
        "short",
        ["orion", "vanilla"],
        [2],
        ["arith-easy"],
    )
    student = next(iter(DEFAULT["students"]))
    assert chosen.table_scores("short") == [f"results/{student}/{m}/seed0/scores.parquet" for m in ("vanilla", "orion")]


def test_tables_that_are_made_anyway_keep_their_names() -> None:
    with pytest.raises(UserError, match="'cost' is made anyway"):
        specs(tables={"cost": {}})


def test_costs_count_every_completion_once() -> None:
    study = specs().study
    paths = inputs.completions(study)
    assert len(set(paths)) == len(paths)
    assert paths[0].startswith("teacher/") and sum("/base/train/" in path for path in paths) == len(
        study.exposure.temperatures
    )
    assert sum("/refined/" in path for path in paths) == 2
    assert sum("/seed0/" in path for path in paths) == 6 * 2 * len(study.evaluation.decodings)  # methods x benchmarks


def test_an_untrained_study_has_no_teacher_and_no_losses() -> None:
    study = specs(methods={"vanilla": {}}).study
    assert not inputs.filter_stats(study) and not inputs.training_stats(study)
    assert all("/vanilla/" in path for path in inputs.completions(study))


def test_decontamination_reports_its_losses() -> None:
    assert "results/problems/train.stats.json" in inputs.filter_stats(specs(decontamination={}).study)
    assert "results/problems/train.stats.json" not in inputs.filter_stats(specs().study)
