"""Minimal CoT: few traces, a fixed budget of steps, and a choice that the training seed makes."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from orion.config.study import load
from orion.errors import UserError
from orion.methods.rows import Row, TrainingSet, limited
from orion.specs import Specs
from tests.pipeline.workspace import ROOT, merged

DEFAULT = yaml.safe_load((ROOT / "config/config.yaml").read_text())
RECIPE = {
    "stages": [
        {
            "objective": "sft",
            "data": "cots",
            "limit": 20,
            "training": {"learning_rate": 1e-5, "schedule": "constant", "warmup": 0, "max_steps": 100},
        }
    ]
}


def study(**over):
    return load(merged(DEFAULT, over))


rows = st.lists(st.integers(0, 30), max_size=60).map(
    lambda ids: TrainingSet([Row(f"p{id}", (), f"text {n}") for n, id in enumerate(ids)])
)


@given(rows, st.integers(1, 40), st.integers(0, 5))
def test_the_limit_counts_problems_and_loses_no_row_uncounted(full: TrainingSet, limit: int, seed: int):
    found = limited(full, limit, seed)
    assert len({row.id for row in found.rows}) == min(limit, len({row.id for row in full.rows}))
    assert len(found.rows) + found.dropped["over-limit"] == len(full.rows)
    chosen = {row.id for row in found.rows}
    assert found.rows == [row for row in full.rows if row.id in chosen]


@given(rows, st.integers(1, 10))
def test_a_larger_limit_keeps_the_smaller_ones_choice(full: TrainingSet, limit: int):
    small, large = limited(full, limit, 0), limited(full, limit + 3, 0)
    assert {row.id for row in small.rows} <= {row.id for row in large.rows}


def test_another_seed_is_another_choice():
    full = TrainingSet([Row(f"p{n}", (), "text") for n in range(100)])
    assert len({tuple(row.id for row in limited(full, 20, seed).rows) for seed in range(3)}) == 3


def test_a_stage_trains_otherwise_than_the_study_where_it_says_so():
    specs = Specs(study(methods={"minimal-cot": RECIPE}))
    ours = json.loads(specs.training("smollm2", "minimal-cot", "sft"))["training"]
    others = json.loads(specs.training("smollm2", "sft-long-cot", "sft"))["training"]
    changed = {"learning_rate": 1e-5, "schedule": "constant", "warmup": 0.0, "max_steps": 100}
    assert ours == others | changed


def test_how_a_stage_is_trained_is_no_part_of_its_training_set():
    plain = {"stages": [{k: v for k, v in RECIPE["stages"][0].items() if k != "training"}]}
    with_changes, without = (Specs(study(methods={"m": recipe})) for recipe in (RECIPE, plain))
    assert with_changes.training_set("m", "sft") == without.training_set("m", "sft")


def test_a_wrong_key_of_a_stage_is_named():
    wrong = {"stages": [{"objective": "sft", "data": "cots", "training": {"learning_rat": 1}}]}
    with pytest.raises(UserError, match="did you mean 'learning_rate'"):
        study(methods={"m": wrong})


def test_prompts_of_a_solver_are_in_its_specs_alone():
    plain, edited = (
        Specs(study(methods={"wot": {"solver": "wot"}}, prompts=prompts))
        for prompts in ({}, {"wot_steps": "{problem} {attempt} Verdict: correct or wrong?"})
    )
    assert plain.samples("smollm2", "wot", "sampled") != edited.samples("smollm2", "wot", "sampled")
    assert plain.samples("smollm2", "vanilla", "sampled") == edited.samples("smollm2", "vanilla", "sampled")
    assert "wot" not in plain.samples("smollm2", "orion", "sampled")
