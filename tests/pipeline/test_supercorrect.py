"""SuperCorrect from problems to its row, its second pass and its analyses, over HTTP, at the smallest size: a student
of two layers that says a few random letters, the scripted teacher, generated problems."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from orion.show.__main__ import show
from tests.pipeline.workspace import Workspace
from tests.training.tiny import write_model

TABLE = "results/tables/main.csv"
BEFORE = "results/tiny/supercorrect/seed0/sft"
ANALYSES = ["self_correction", "locating", "stability", "subjects"]
STAGES = [
    {"objective": "sft", "data": "templates"},
    {"objective": "dpo", "data": "corrections", "training": {"learning_rate": 1e-3, "beta": 0.1}},
]
ASK: dict[str, Any] = {"ask": "template_question"}
SMALL: dict[str, Any] = {
    "problems": {"families": {"one-step": 6, "two-step": 6}},
    "benchmarks": {"arith-easy": {"families": {"one-step": 3}}, "arith-hard": {"families": {"two-step": 3}}},
    "exposure": {"temperatures": ["1.0"], "max_tokens": 24, "keep_unfinished": True},
    "templates": {"max_tokens": 1024},
    "corrections": {
        "exposure": {"temperatures": ["0.9"], "max_tokens": 24, "keep_unfinished": True},
        "student_temperature": "1.0",
        "student_max_tokens": 24,
    },
    "training": {"max_steps": 2, "accumulation": 4, "dtype": "float32", "lora": {"r": 2}},
    "evaluation": {"decodings": {"sampled": {"temperature": "1.0", "draws": 2, "max_tokens": 24}}, "k": [2]},
    "grading": {"last_number": False},
    "tables": {"main": {"paper": None}, "ablation": None},
    "analysis": {"locating": {"errors_of": "hsft", "methods": ["hsft", "supercorrect"], "most": 4}},
    "judge": None,
}
METHODS: dict[str, Any] = {
    "vanilla": {},
    "hsft": ASK | {"stages": STAGES[:1]},
    "supercorrect": ASK | {"stages": STAGES},
    "again": ASK | {"stages": STAGES, "solver": "self-correct"},  # the same policy, with a second pass
}


def write_brief(folder: Path) -> None:
    """A random student whose turns end after a few tokens: a share of every state points to the end token."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    write_model(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    config = model.config
    config.max_position_embeddings = 4096
    weight = model.get_input_embeddings().weight
    with torch.no_grad():
        weight[:, 0] = 0.3
        weight[AutoTokenizer.from_pretrained(folder).eos_token_id, 0] = 0.9
    model.to(torch.bfloat16).save_pretrained(folder)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("supercorrect")
    write_brief(folder / "model")
    student = {"smollm2": None, "tiny": {"model": str(folder / "model"), "dtype": "float32"}}
    workspace = Workspace(folder, SMALL | {"students": student})
    workspace.config["methods"] = METHODS
    workspace.write(workspace.config)
    workspace.run(TABLE, "results/tables/data.csv", "results/tables/cost.csv")
    return workspace


def read(workspace: Workspace, path: str) -> pl.DataFrame:
    return pl.read_parquet(workspace.work / path)


def stats(workspace: Workspace, path: str) -> dict[str, Any]:
    return json.loads((workspace.work / path).read_text())


@pytest.mark.slow
def test_every_error_is_located_corrected_by_both_or_counted(done: Workspace) -> None:
    errors, locations, own, pairs = (
        read(done, f"{BEFORE}/{name}.parquet") for name in ("errors", "locations", "own_corrections", "corrections")
    )
    assert locations.height == errors.height > 5
    assert own.height == pairs.height == locations["kept"].sum()
    for name, table in (("locations", locations), ("own_corrections", own), ("corrections", pairs)):
        found = stats(done, f"{BEFORE}/{name}.stats.json")
        assert found["in"] == table.height == found["out"] + sum(found["dropped"].values())
    trained = read(done, "results/tiny/supercorrect/seed0/dpo.training_set.parquet")
    assert trained.height == pairs["kept"].sum() > 0
    assert trained["completion"].str.contains("<Cause>").all()
    assert "Reference solution" not in "".join(trained["prompt"])
    keys = set(pairs["key"]) | set(pairs["own_key"]) | set(errors["key"])
    assert set(trained["sources"].explode()) <= keys


@pytest.mark.slow
def test_the_lineage_of_a_pair_leads_back_to_both_corrections_and_the_error(done: Workspace) -> None:
    path = done.work / "results/tiny/supercorrect/seed0/dpo.training_set.parquet"
    told = "\n".join(show(path, pl.read_parquet(path)["id"][0], True, 5, 100))
    for step in ("the teacher's correction", "the student's own correction", "the trained student's error", "problem"):
        assert f"<- {step}" in told or f"<- the {step}" in told


@pytest.mark.slow
def test_the_second_stage_is_dpo_against_the_first(done: Workspace) -> None:
    made = stats(done, "results/tiny/supercorrect/seed0/dpo/adapter/training.json")
    before = stats(done, "results/tiny/supercorrect/seed0/sft/adapter/training.json")
    assert (made["objective"], made["training"]["beta"], before["objective"]) == ("dpo", 0.1, "sft")
    assert made["start"] is not None and before["start"] is None
    log = read(done, "results/tiny/supercorrect/seed0/dpo/training_log.parquet")
    assert log["loss"][0] == pytest.approx(0.6931, abs=1e-3)  # at first it is its own reference: log 2


@pytest.mark.slow
def test_methods_with_the_same_stages_share_adapters_and_samples(done: Workspace) -> None:
    keys_of = {"hsft": ["sft"], "supercorrect": ["sft", "dpo"], "again": ["sft", "dpo"]}
    keys = {
        method: [stats(done, f"results/tiny/{method}/seed0/{stage}/adapter/training.json")["key"] for stage in stages]
        for method, stages in keys_of.items()
    }
    assert keys["again"] == keys["supercorrect"] and keys["hsft"] == keys["supercorrect"][:1]
    shelved = [
        stats(done, f"results/tiny/{method}/seed0/{stage}/training_log.stats.json")["from_shelf"]
        for method, stages in keys_of.items()
        for stage in stages
    ]
    assert shelved.count(False) == 2
    asked = done.asked()
    assert max(asked.values()) == 1, "the same question was asked twice"
    for name in ("errors", "corrections"):
        ours, theirs = (read(done, f"results/tiny/{m}/seed0/sft/{name}.parquet") for m in ("supercorrect", "again"))
        assert ours.equals(theirs, null_equal=True)
    plain, second = (
        read(done, f"results/tiny/{m}/seed0/arith-easy/sampled.parquet") for m in ("supercorrect", "again")
    )
    assert second["first_verdict"].to_list() == plain["verdict"].to_list()
    assert set(second["calls"]) <= {1, 2, 3, 4} and second["outcome"].null_count() == 0


@pytest.mark.slow
def test_losses_and_costs_of_the_second_stage_are_in_the_tables(done: Workspace) -> None:
    data = pl.read_csv(done.work / "results/tables/data.csv")
    artifacts = data.filter(pl.col("artifact").str.starts_with("supercorrect/seed0/sft/"))
    filters = {"errors", "locations", "own_corrections", "corrections"}
    assert set(artifacts["artifact"].str.split("/").list.last()) == filters
    cost = pl.read_csv(done.work / "results/tables/cost.csv").filter(method="supercorrect")
    assert set(cost["stage"]) == {"teacher", "exposure", "refinement", "training", "evaluation"}
    assert (cost.filter(stage="teacher")["completion tokens"] > 0).all()


@pytest.mark.slow
def test_the_analyses_have_their_numbers(done: Workspace) -> None:
    done.run(*[f"results/analysis/tiny/{name}.parquet" for name in ANALYSES], "results/figures/tiny/locating.svg")
    tables = {name: read(done, f"results/analysis/tiny/{name}.parquet") for name in ANALYSES}
    second = tables["self_correction"]
    assert set(second["method"]) == {"again"} and set(second["samples"]) == {6}
    assert set(tables["stability"]["method"]) == set(METHODS) and set(tables["stability"]["runs"]) == {2}
    assert set(tables["subjects"]["subject"]) == {"one-step", "two-step"}
    located = tables["locating"]
    assert set(located["method"]) == {"hsft", "supercorrect"} and set(located["errors"]) <= {1, 2, 3, 4}
    assert located["judge"].unique().to_list() == ["scripted-r1 (a script, not a model)"]


def after(*jobs: str) -> set[str]:
    """These jobs, for both methods that have a second stage."""
    return {job.replace("METHOD", method) for job in jobs for method in ("supercorrect", "again")}


TRAINED = (
    "build_training_set tiny METHOD 0 dpo", "train_adapter tiny METHOD 0 dpo", "score_policy tiny METHOD 0",
    "sample_benchmark tiny METHOD 0 arith-easy sampled", "sample_benchmark tiny METHOD 0 arith-hard sampled",
)  # fmt: skip
PAIRED = ("make_corrections tiny METHOD 0 sft", *TRAINED)
OWN = ("sample_corrections tiny METHOD 0 sft", *PAIRED)
LOCATED = ("locate_errors tiny METHOD 0 sft", *OWN)
ERRORS = ("collect_stage_errors tiny METHOD 0 sft", *LOCATED)
TABLES = {"make_tables main"}
CHANGED = "Problem: {problem} {reference} Steps so far: {steps} Now step {number}."
EDITS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "nothing": ({}, set()),
    "a temperature of the exposure": (
        {"corrections": {"exposure": {"temperatures": ["0.9", "0.7"]}}},
        after("sample_stage tiny METHOD 0 sft 0.7", *ERRORS),
    ),
    "how the untrained student is exposed": ({"exposure": {"temperatures": ["0.5"]}}, set()),
    "unfinished ones are no errors": (
        {"corrections": {"exposure": {"keep_unfinished": False}}}, after(*ERRORS)
    ),
    "the question for the wrong step": (
        {"prompts": {"correct_locate": "{problem}{reference}Solution to check: {steps}"}},
        after(*LOCATED),
    ),
    "the question for its correction": ({"prompts": {"correct_step": CHANGED}}, after(*OWN)),
    "how the student corrects": ({"corrections": {"student_temperature": "0.5"}}, after(*OWN)),
    "rounds of inspection": ({"corrections": {"rounds": 2}}, after(*PAIRED)),
    "which pairs are kept": ({"corrections": {"need_form": True}}, after(*PAIRED)),
    "the second stage's training": (
        {"methods": {"supercorrect": {"stages": [STAGES[0], STAGES[1] | {"training": {"beta": 0.2}}]}}},
        {job.replace("METHOD", "supercorrect") for job in TRAINED[1:]} | TABLES,
    ),
    "whose errors are gone over": ({"analysis": {"locating": {"errors_of": "vanilla"}}}, set()),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_rebuilds_exactly_what_depends_on_it(done: Workspace, edit: str) -> None:
    over, expected = EDITS[edit]
    if "question for" in edit:  # the second pass asks the same of the benchmarks
        expected = expected | {f"sample_benchmark tiny again 0 {name} sampled" for name in ("arith-easy", "arith-hard")}
    expected = expected | TABLES if expected else expected
    with done.edited(**over):
        assert done.planned(TABLE) == expected


@pytest.mark.slow
def test_a_code_edit_of_the_corrections_reruns_them_alone(done: Workspace) -> None:
    with done.code("orion/teacher/corrections.py", '"own correction: right"', '"right already"'):
        assert done.planned(TABLE) == after(*PAIRED) | TABLES


@pytest.mark.slow
def test_without_pairs_every_file_is_there_and_the_training_says_why_it_cannot_be(done: Workspace) -> None:
    with done.edited(corrections={"need_form": True}):
        path = "results/tiny/supercorrect/seed0/dpo.training_set.parquet"
        done.run(path)
        assert read(done, path).is_empty() and read(done, f"{BEFORE}/corrections.parquet").height
        with pytest.raises(AssertionError) as error:
            done.run("results/tiny/supercorrect/seed0/dpo/adapter")
    said = str(error.value)
    assert "the training set is empty, nothing to train" in said and "own correction: not in form" in said
    assert "Traceback" not in said.split("--- ")[-1]
    done.run(path, TABLE)  # and back
