"""Every config that ships is a study whose specs can be cut, whose tables name methods that exist."""

from __future__ import annotations

import pytest

from orion.config.study import Study, load
from orion.specs import Specs
from orion.tables import inputs
from orion.tables.config import ScoreTable
from orion.workflow import Artifacts, read_yaml, whole_config
from tests.pipeline.workspace import ROOT

CONFIGS = sorted(path.stem for path in (ROOT / "config").glob("*.yaml"))


def study(name: str) -> Study:
    return load(whole_config(read_yaml(ROOT / f"config/{name}.yaml")), name)


@pytest.mark.parametrize("name", CONFIGS)
def test_it_is_whole(name: str) -> None:
    found = study(name)
    specs, artifacts = Specs(found), Artifacts(found)
    for training in inputs.trainings(found):
        method, folder = training.method, training.stage.folder
        assert specs.training_set(method, folder) and specs.training(training.student, method, folder)
        assert artifacts.data(training._replace(stage=folder))
    for table in found.tables:
        assert set(ScoreTable.parse(specs.table(table)).methods) <= set(found.methods)
    for teacher in inputs.teachers(found):
        assert specs.teacher(teacher) and specs.duals(teacher) and specs.mistakes(teacher)


def test_arms_of_minimal_cot_differ_from_it_in_one_thing() -> None:
    methods = study("minimal-cot").methods
    (own,) = methods["minimal-cot"].stages
    arms = [recipe.stages[0] for name, recipe in methods.items() if name.startswith("mincot-")]
    assert len(arms) == 11
    for arm in arms:
        assert (arm.limit, arm.training, arm.objective) == (20, own.training, "sft")
        assert own.training is not None and own.training.schedule == "constant" and own.training.max_steps


@pytest.mark.parametrize("name", ["edit", "edit-bbh"])
def test_ablations_of_edit_start_from_the_same_first_stage(name: str) -> None:
    methods = study(name).methods
    ablations = [recipe.stages for name, recipe in methods.items() if name.startswith("edit-") and recipe.stages[1:]]
    assert len(ablations) >= 7
    assert all(stages[0] == methods["edit"].stages[0] for stages in ablations)
    changed = [stages[1] for stages in ablations]
    assert all(stage != methods["edit"].stages[1] for stage in changed)


def test_edit_on_bbh_has_what_its_paper_states() -> None:
    found = study("edit-bbh")
    teacher = found.teachers[found.teacher]
    assert (teacher.temperature, teacher.max_tokens) == ("0.2", 2048)
    assert found.duals is not None and (found.duals.temperature, found.duals.max_tokens) == ("0.2", 2048)
    lora = found.training.lora
    assert (lora.r, lora.alpha, lora.dropout, lora.targets) == (64, 32, 0.05, ("q_proj", "v_proj"))
    sft, krsl = found.methods["edit"].stages
    assert found.training.learning_rate == 2e-4 and sft.training is None and found.training.max_length == 1024
    assert krsl.training is not None and krsl.training.learning_rate == 5e-6
    assert found.training.held_out is not None  # the epoch is never chosen on the test task
