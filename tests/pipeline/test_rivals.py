"""Every arm of the rivals' configs runs to its table over HTTP, at the smallest size: a random student of two layers,
the scripted teacher, generated problems; and EDIT on problems in the form of BIG-Bench Hard, with a stand-in for a
teacher."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest
import yaml

from tests.methods.stand_in import StandIn
from tests.pipeline.workspace import ROOT, Workspace, merged
from tests.training.tiny import write_model

SHARED = Path(os.environ.get("ORION_SHARED") or ROOT.parent / "shared") / "data/benchmarks/bbh.jsonl"
NOT_THESE = ("orion", "orion-no-error", "orion-no-reflection", "orion-key-steps", "edit-own-errors", "sft-label")
SMALL: dict[str, Any] = {
    "problems": {"families": {"one-step": 30, "two-step": 30}},
    "benchmarks": {"arith-easy": {"families": {"one-step": 3}}, "arith-hard": None},
    "exposure": {"temperatures": ["1.0"], "max_tokens": 8},
    "training": {"max_steps": 1, "accumulation": 2, "dtype": "float32", "lora": {"r": 2}},
    "evaluation": {"decodings": {"sampled": {"draws": 2, "max_tokens": 8}}, "k": [2]},
    "tables": {"main": None, "ablation": None, "minimal-cot": {"majority": [2]}},
}


def rows(path: Path) -> dict[str, dict[str, str]]:
    with path.open(newline="") as file:
        return {row["method"]: row for row in csv.DictReader(file)}


def config(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / f"config/{name}.yaml").read_text())


@pytest.fixture(scope="session")
def student(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("student") / "model"
    write_model(folder, context=4096)
    return {"smollm2": None, "tiny": {"model": str(folder), "dtype": "float32"}}


@pytest.fixture(scope="module")
def arms(tmp_path_factory: pytest.TempPathFactory, student: dict[str, Any]) -> Workspace:
    """Everything in all-methods, minimal-cot and edit, but for what trains on a student's own right rewrites: a random
    student has none."""
    whole: dict[str, Any] = {}
    for name in ("all-methods", "minimal-cot", "edit"):
        whole = merged(whole, config(name))
    whole = merged(whole, SMALL | {"students": student})
    for table in whole["tables"].values():
        if table and "methods" in table:
            table["methods"] = [method for method in table["methods"] if method not in NOT_THESE]
            table["reference"] = None
    for method in whole["methods"].values():
        for stage in method.get("stages", []):
            if stage.get("training"):
                stage["training"] = stage["training"] | {"max_steps": 1}
    workspace = Workspace(tmp_path_factory.mktemp("rivals"), merged(whole, {"methods": dict.fromkeys(NOT_THESE)}))
    tables = [f"results/tables/{name}.csv" for name in ("rivals", "minimal-cot", "edit")]
    workspace.run(*tables, "duals", "results/figures/tiny/key_tokens.svg")
    return workspace


@pytest.mark.slow
def test_every_method_has_its_row(arms: Workspace) -> None:
    for name in ("rivals", "minimal-cot", "edit"):
        found = rows(arms.work / f"results/tables/{name}.csv")
        assert list(found) == arms.config["tables"][name]["methods"]
        assert len({row["arith-easy problems"] for row in found.values()}) == 1


@pytest.mark.slow
def test_arms_of_minimal_cot_train_on_twenty_problems_of_their_kind(arms: Workspace) -> None:
    for method, recipe in arms.config["methods"].items():
        for stage in recipe.get("stages", []):
            if stage.get("limit") is None:
                continue
            path = arms.work / f"results/tiny/{method}/seed0/sft.training_set.stats.json"
            stats = json.loads(path.read_text())
            assert stats["problems"] == 20, method
            about = stats.get("chosen", {})
            assert set(about) == set(stage.get("choose", {}))
            if "topics" in about:
                counts = sorted(about["topics"].values())
                assert counts == ([20] if stage["choose"]["topics"] == "one" else [10, 10])


@pytest.mark.slow
def test_sources_of_the_cots_differ_as_they_should(arms: Workspace) -> None:
    def completions(method: str) -> str:
        path = arms.work / f"results/tiny/{method}/seed0/sft.training_set.parquet"
        return "\n".join(pl.read_parquet(path)["completion"])

    assert "Wait, should it be" in completions("minimal-cot") + completions("mincot-edited")
    assert "Wait, should it be" not in completions("mincot-chat")
    assert "Understand:" in completions("mincot-structure") and "Understand:" not in completions("mincot-edited")
    assert "Let me check that" in completions("mincot-edited")
    lengths = [len(completions(method)) for method in ("mincot-human", "mincot-short", "mincot-long")]
    assert lengths == sorted(lengths)


@pytest.mark.slow
def test_patterns_of_mistakes_are_compared_on_as_many_pairs(arms: Workspace) -> None:
    sizes = set()
    for pattern in ("logic", "knowledge", "calculation"):
        path = arms.work / f"results/tiny/edit-{pattern}/seed0/krsl.training_set.stats.json"
        stats = json.loads(path.read_text())
        sizes.add(stats["out"])
        assert min(stats["chosen"]["mistakes"].values()) == stats["out"]
    assert len(sizes) == 1 and min(sizes) > 0


@pytest.mark.slow
def test_wrong_of_thought_counts_the_tokens_of_all_its_calls(arms: Workspace) -> None:
    samples = {
        method: pl.read_parquet(arms.work / f"results/tiny/{method}/seed0/arith-easy/sampled.parquet")
        for method in ("wot", "vanilla")
    }
    assert samples["wot"]["calls"].min() >= 3  # the student is cut off: three attempts, no checks
    assert samples["wot"]["completion_tokens"].sum() > samples["vanilla"]["completion_tokens"].sum()


@pytest.mark.slow
def test_the_share_of_key_tokens_and_the_pages_are_there(arms: Workspace) -> None:
    table = pl.read_csv(arms.work / "results/figures/tiny/key_tokens.csv")
    edit = table.filter((pl.col("method") == "edit") & (pl.col("side") == "both")).row(0, named=True)
    assert 0 < edit["low"] < edit["share"] < edit["high"] < 0.5 and edit["pairs"] > 30
    page = (arms.work / "results/report/duals/tiny/edit/krsl.html").read_text()
    assert page.count("<section>") == edit["pairs"] and "<mark>" in page


@pytest.mark.slow
def test_a_finished_run_has_nothing_left_to_do(arms: Workspace) -> None:
    tables = [f"results/tables/{name}.csv" for name in ("rivals", "minimal-cot", "edit")]
    assert arms.planned(*tables) == set()
    with arms.edited(teachers={"chat": {"question": "Otherwise: {problem}"}}):
        expected = {"trace_teacher chat", "edit_cots chat verify-backtrack-alternatives", "edit_cots chat structure"}
        planned = arms.planned("results/tables/minimal-cot.csv")
        assert {job for job in planned if job.split()[0] in ("trace_teacher", "edit_cots")} == expected
        built = {job.split()[2] for job in planned if job.startswith("build_training_set")}
        assert built == {"mincot-chat", "mincot-edited", "mincot-structure"}
    with arms.edited(prompts={"pass_structure": "Solution to edit: {draft}\n\nOf {problem}, in five parts."}):
        planned = arms.planned("results/tables/minimal-cot.csv")
        assert {job for job in planned if not job.startswith(("build", "train", "sample", "score", "make"))} == {
            "edit_cots chat structure"
        }


# EDIT on BIG-Bench Hard.


def boolean_expressions(count: int) -> list[dict[str, Any]]:
    """Problems in the form of BBH's, made here: the real ones are not ours to ship."""
    random, found = Random(0), {}
    while len(found) < count:
        names = [random.choice(["True", "False", "not True", "not ( False )"]) for _ in range(random.randint(2, 5))]
        text = names[0]
        for name in names[1:]:
            text = f"{text} {random.choice(['and', 'or'])} {name}"
        value = any(all(_holds(part) for part in side.split(" and ")) for side in text.split(" or "))
        found.setdefault(f"{text} is", str(value))
    return [
        {"id": f"bool/{n}", "problem": problem, "answer": answer, "subject": "boolean_expressions"}
        for n, (problem, answer) in enumerate(found.items())
    ]


def _holds(part: str) -> bool:
    return ("True" in part) != part.startswith("not")


def real_rows() -> list[dict[str, Any]]:
    """Two problems of every task of BBH, those of choices, words, numbers and brackets among them."""
    by_task: dict[str, list[dict[str, Any]]] = {}
    for line in SHARED.read_text().splitlines():
        row = json.loads(line)
        by_task.setdefault(row["subject"], []).append(row)
    return [row for found in by_task.values() for row in sorted(found, key=lambda row: len(row["problem"]))[:2]]


@pytest.fixture(scope="module", params=["made here", "real"])
def bbh(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, student: dict) -> Iterator[Workspace]:
    if request.param == "real" and not SHARED.exists():
        pytest.skip("no local copy of BIG-Bench Hard")
    found = boolean_expressions(40) if request.param == "made here" else real_rows()
    folder = tmp_path_factory.mktemp("bbh")
    (folder / "bbh.jsonl").write_text("\n".join(map(json.dumps, found)))
    stand_in = StandIn({row["problem"]: row["answer"] for row in found})
    local = {"source": "file", "path": str(folder / "bbh.jsonl"), "name": None, "kind": "auto"}
    endpoint = {"base_url": stand_in.url, "key_variable": "", "stream": False}
    over = {
        "problems": local,
        "benchmarks": {"bbh-test": local, "agieval": None, "arc-e": None, "arc-c": None},
        "teachers": {"teacher": {"endpoint": endpoint, "model": "stand-in"}},
        "students": student | {"qwen2.5-7b": None},
        "training": {"epochs": 2, "held_out": 0.2, "dtype": "float32", "max_length": 4096},
        "seeds": [0],
        "evaluation": {"decodings": {"greedy": {"max_tokens": 8}}},
        "tables": {"main": {"families": {}}, "ablation": None, "own-errors": None},
        "methods": dict.fromkeys(["edit-no-right", "edit-no-wrong", "edit-own-errors"])
        | {f"edit-{pattern}": None for pattern in ("logic", "knowledge", "calculation")},
    }
    workspace = Workspace(folder / "study", {})
    workspace.config = merged(config("edit-bbh"), over)
    workspace.write(workspace.config)
    try:
        workspace.run("results/tables/main.csv", "results/figures/tiny/key_tokens.svg")
        yield workspace
    finally:
        stand_in.close()


@pytest.mark.slow
def test_edit_runs_on_bbh_with_a_split_of_its_own(bbh: Workspace) -> None:
    sides = [pl.read_parquet(bbh.work / f"results/problems/{name}.parquet") for name in ("train", "bbh-test")]
    texts = [set(side["problem"]) for side in sides]
    assert not texts[0] & texts[1] and all(texts)
    table = rows(bbh.work / "results/tables/main.csv")
    assert list(table) == ["vanilla", "sft-long-cot", "edit-sft", "edit"]
    assert int(table["edit"]["bbh-test problems"]) == len(sides[1])


@pytest.mark.slow
def test_what_the_teacher_had_wrong_is_rectified_and_what_it_had_right_corrupted(bbh: Workspace) -> None:
    cots = pl.read_parquet(bbh.work / "results/teacher/teacher/cots.parquet")
    duals = pl.read_parquet(bbh.work / "results/teacher/teacher/duals.parquet")
    asked = {kind: set(duals.filter(kind=kind)["id"]) for kind in ("rectified", "corrupted")}
    for kind, verdict in (("rectified", "wrong"), ("corrupted", "correct")):
        assert asked[kind] == set(cots.filter(verdict=verdict)["id"]) and asked[kind]
        assert duals.filter(kind=kind)["kept"].mean() > 0.8
    right = pl.read_parquet(bbh.work / "results/tiny/edit/seed0/sft.training_set.parquet")
    kept = set(duals.filter(kind="rectified", kept=True)["id"]) | asked["corrupted"]
    assert set(right["id"]) == kept


@pytest.mark.slow
def test_an_epoch_is_chosen_on_held_out_problems_of_the_training_side(bbh: Workspace) -> None:
    log = pl.read_parquet(bbh.work / "results/tiny/edit/seed0/krsl/training_log.parquet")
    assert log["held_out_loss"].drop_nulls().len() == 2
    made = json.loads((bbh.work / "results/tiny/edit/seed0/krsl/adapter/training.json").read_text())
    assert made["held_out"]["epoch"] in (1, 2) and made["held_out"]["problems"] > 0
