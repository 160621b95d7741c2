"""Every arm of the rivals' configs runs to its table over HTTP, at the smallest size: a random student of two layers,
the scripted teacher, generated problems; and EDIT on problems in the form of BIG-Bench Hard, with a stand-in for a
teacher."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
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
# Of arms that differ in their training sets alone, one of each kind is trained and scored; of all, the sets are made.
SCORED = ["vanilla", "wot", "few-shot", "minimal-cot", "edit", "edit-dpo"]
TABLE = "results/tables/rivals.csv"
SMALL: dict[str, Any] = {
    "problems": {"families": {"one-step": 30, "two-step": 30}},
    "benchmarks": {"arith-easy": {"families": {"one-step": 3}}, "arith-hard": None},
    "exposure": {"temperatures": ["1.0"], "max_tokens": 8},
    "training": {"max_steps": 1, "accumulation": 2, "dtype": "float32", "lora": {"r": 2}},
    "evaluation": {"decodings": {"sampled": {"draws": 2, "max_tokens": 8}}, "k": [2]},
    "tables": {"rivals": {"methods": SCORED, "majority": [2], "answers": ["tokens", "truncated"], "reference": None}},
}


def config(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / f"config/{name}.yaml").read_text())


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("student") / "model"
    write_model(folder, context=4096)
    return {"smollm2": None, "tiny": {"model": str(folder), "dtype": "float32"}}


@pytest.fixture(scope="module")
def arms(tmp_path_factory: pytest.TempPathFactory, student: dict[str, Any]) -> Workspace:
    """The arms of minimal-cot and edit, but for one that trains on a student's own right rewrites: a random student has
    none."""
    whole = merged(merged(config("all-methods"), config("minimal-cot")), config("edit"))
    chosen = {
        name: recipe for name, recipe in whole["methods"].items() if name in SCORED or name[:4] in ("minc", "edit")
    }
    del chosen["edit-own-errors"]
    for recipe in chosen.values():
        recipe["seeds"] = [0]
        for stage in recipe.get("stages", []):
            stage["training"] = stage.get("training", {}) | {"max_steps": 1}
    workspace = Workspace(tmp_path_factory.mktemp("rivals"), SMALL | {"students": student})
    study = merged(workspace.config, {"teachers": whole["teachers"], "duals": whole["duals"]})
    workspace.config = study | {"methods": {"vanilla": {}} | chosen, "tables": SMALL["tables"]}
    workspace.write(workspace.config)
    sets = [
        f"results/tiny/{method}/seed0/{stage.get('name') or stage['objective']}.training_set.parquet"
        for method, recipe in chosen.items()
        for stage in recipe.get("stages", [])
    ]
    page = "results/report/duals/tiny/edit/krsl.html"
    workspace.run(TABLE, *sets, page, "results/figures/tiny/key_tokens.svg")
    return workspace


def stats_of(arms: Workspace, method: str, stage: str) -> dict[str, Any]:
    path = arms.work / f"results/tiny/{method}/seed0/{stage}.training_set.stats.json"
    return json.loads(path.read_text())


def scored(workspace: Workspace, table: str) -> dict[str, dict[str, str]]:
    with (workspace.work / table).open(newline="") as file:
        return {row["method"]: row for row in csv.DictReader(file)}


@pytest.mark.slow
def test_every_method_has_its_row_with_tokens_and_truncation(arms: Workspace) -> None:
    found = scored(arms, TABLE)
    assert list(found) == SCORED
    for row in found.values():
        assert 0 <= float(row["arith-easy cut off %"]) <= 100 and float(row["arith-easy tokens"]) > 0
        assert float(row["arith-easy maj@2"]) == 0
    # A random student is cut off: Wrong-of-Thought takes three attempts of it, and counts the tokens of all.
    assert float(found["wot"]["arith-easy tokens"]) > 2 * float(found["vanilla"]["arith-easy tokens"])


@pytest.mark.slow
def test_arms_of_minimal_cot_train_on_twenty_problems_of_their_kind(arms: Workspace) -> None:
    limited = 0
    for method, recipe in arms.config["methods"].items():
        for stage in recipe.get("stages", []):
            if stage.get("limit") is None:
                continue
            limited += 1
            stats = stats_of(arms, method, "sft")
            assert stats["problems"] == 20, method
            about = stats.get("chosen", {})
            assert set(about) == set(stage.get("choose", {}))
            if "topics" in about:
                counts = sorted(about["topics"].values())
                assert counts == ([20] if stage["choose"]["topics"] == "one" else [10, 10])
    assert limited == 12


@pytest.mark.slow
def test_sources_of_the_cots_differ_as_they_should(arms: Workspace) -> None:
    def completions(method: str) -> str:
        path = arms.work / f"results/tiny/{method}/seed0/sft.training_set.parquet"
        return "\n".join(pl.read_parquet(path)["completion"])

    for method in ("minimal-cot", "mincot-edited"):
        assert "Wait, should it be" in completions(method)
    assert "Wait, should it be" not in completions("mincot-chat")
    assert "Understand:" in completions("mincot-structure") and "Understand:" not in completions("mincot-edited")
    assert "Let me check that" in completions("mincot-edited")
    lengths = [len(completions(method)) for method in ("mincot-human", "mincot-short", "mincot-long")]
    assert lengths == sorted(lengths)


@pytest.mark.slow
def test_patterns_of_mistakes_are_compared_on_as_many_pairs(arms: Workspace) -> None:
    stats = [stats_of(arms, f"edit-{pattern}", "krsl") for pattern in ("logic", "knowledge", "calculation")]
    assert len({found["out"] for found in stats}) == 1 and stats[0]["out"] > 0
    assert all(min(found["chosen"]["mistakes"].values()) == found["out"] for found in stats)


@pytest.mark.slow
def test_the_share_of_key_tokens_and_the_page_are_there(arms: Workspace) -> None:
    table = pl.read_csv(arms.work / "results/figures/tiny/key_tokens.csv")
    edit = table.filter((pl.col("method") == "edit") & (pl.col("side") == "both")).row(0, named=True)
    assert 0 < edit["low"] < edit["share"] < edit["high"] < 0.5 and edit["pairs"] > 30
    page = (arms.work / "results/report/duals/tiny/edit/krsl.html").read_text()
    assert page.count("<section>") == edit["pairs"] and "<mark>" in page


@pytest.mark.slow
def test_what_a_second_teacher_is_asked_reruns_its_arms_and_no_others(arms: Workspace) -> None:
    assert arms.planned(TABLE) == set()

    sets = [
        f"results/tiny/mincot-{name}/seed0/sft.training_set.parquet" for name in ("chat", "edited", "structure", "easy")
    ]

    def planned(**over: Any) -> tuple[set[str], set[str]]:
        """What is asked of teachers, and which methods' training sets are built anew."""
        with arms.edited(**over):
            jobs = arms.planned(TABLE, *sets)
        asked = {job for job in jobs if job.split()[0] in ("trace_teacher", "edit_cots", "make_duals")}
        return asked, {job.split()[2] for job in jobs if job.startswith("build_training_set")}

    passes = {"edit_cots chat verify-backtrack-alternatives", "edit_cots chat structure"}
    asked, built = planned(teachers={"chat": {"question": "Otherwise: {problem}"}})
    assert asked == {"trace_teacher chat"} | passes
    assert built == {"mincot-chat", "mincot-edited", "mincot-structure"}
    asked, built = planned(prompts={"pass_structure": "Solution to edit: {draft}\n\nOf {problem}, in five parts."})
    assert asked == {"edit_cots chat structure"} and built == {"mincot-structure"}


@pytest.mark.slow
def test_a_composition_of_known_parts_trains(finished: Workspace) -> None:
    """ORION's rewrites, then EDIT's key steps between them and the student's own errors: a config entry only."""
    recipe = config("all-methods")["methods"]["orion-key-steps"]
    recipe["stages"][1]["training"] = {"max_steps": 1, "accumulation": 2}  # the first is ORION's: off the shelf
    with finished.edited(methods={"composed": recipe}):
        finished.run("results/smollm2/composed/seed0/krsl/training_log.parquet")
    pairs = pl.read_parquet(finished.work / "results/smollm2/composed/seed0/krsl.training_set.parquet")
    errors = set(pl.read_parquet(finished.work / "results/smollm2/errors.parquet")["response"].str.strip_chars())
    assert set(pairs["rejected"]) <= errors and len(pairs)


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


@pytest.fixture
def study(tmp_path_factory: pytest.TempPathFactory, student: dict[str, Any]) -> Iterator[Callable[..., Workspace]]:
    """EDIT's config on given problems, its methods without the ablations; a stand-in answers as long as a test runs."""
    with ExitStack() as stack:
        yield lambda rows: small_study(tmp_path_factory.mktemp("bbh"), student, rows, stack)


def small_study(folder: Path, student: dict[str, Any], rows: list[dict[str, Any]], stack: ExitStack) -> Workspace:
    (folder / "bbh.jsonl").write_text("\n".join(map(json.dumps, rows)))
    stand_in = StandIn({row["problem"]: row["answer"] for row in rows})
    stack.callback(stand_in.close)
    local = {"source": "file", "path": str(folder / "bbh.jsonl"), "name": None, "kind": "auto"}
    endpoint = {"base_url": stand_in.url, "key_variable": "", "stream": False}
    ablations = ["no-right", "no-wrong", "own-errors", "logic", "knowledge", "calculation", "dpo", "sft"]
    over = {
        "problems": local,
        "benchmarks": {"bbh-test": local, "agieval": None, "arc-e": None, "arc-c": None},
        "teachers": {"teacher": {"endpoint": endpoint, "model": "stand-in"}},
        "students": student | {"qwen2.5-7b": None},
        "training": {"epochs": 2, "held_out": 0.2, "dtype": "float32", "max_length": 4096},
        "seeds": [0],
        "evaluation": {"decodings": {"greedy": {"max_tokens": 8}}},
        "tables": {"main": {"families": {}, "methods": ["vanilla", "edit"]}, "ablation": None, "own-errors": None},
        "methods": {"sft-long-cot": None} | dict.fromkeys(f"edit-{name}" for name in ablations),
    }
    workspace = Workspace(folder / "study", {})
    workspace.config = merged(config("edit-bbh"), over)
    workspace.write(workspace.config)
    return workspace


def check_duals(bbh: Workspace) -> None:
    """What the teacher had wrong is rectified, what it had right corrupted, and nearly all of either is kept."""
    cots = pl.read_parquet(bbh.work / "results/teacher/teacher/cots.parquet")
    duals = pl.read_parquet(bbh.work / "results/teacher/teacher/duals.parquet")
    asked = {kind: set(duals.filter(kind=kind)["id"]) for kind in ("rectified", "corrupted")}
    for kind, verdict in (("rectified", "wrong"), ("corrupted", "correct")):
        assert asked[kind] == set(cots.filter(verdict=verdict)["id"]) and asked[kind]
        assert duals.filter(kind=kind)["kept"].mean() > 0.8
    right = pl.read_parquet(bbh.work / "results/tiny/edit/seed0/sft.training_set.parquet")
    assert set(right["id"]) == set(duals.filter(kind="rectified", kept=True)["id"]) | asked["corrupted"]


@pytest.mark.slow
def test_edit_runs_on_problems_like_bbh_with_a_split_and_an_epoch_of_its_own(study: Callable[..., Workspace]) -> None:
    bbh = study(boolean_expressions(40))
    bbh.run("results/tables/main.csv")
    check_duals(bbh)
    sides = [pl.read_parquet(bbh.work / f"results/problems/{name}.parquet") for name in ("train", "bbh-test")]
    texts = [set(side["problem"]) for side in sides]
    assert not texts[0] & texts[1] and all(texts)
    table = scored(bbh, "results/tables/main.csv")
    assert list(table) == ["vanilla", "edit"]
    assert int(table["edit"]["bbh-test problems"]) == len(sides[1])
    log = pl.read_parquet(bbh.work / "results/tiny/edit/seed0/krsl/training_log.parquet")
    assert log["held_out_loss"].drop_nulls().len() == 2
    made = json.loads((bbh.work / "results/tiny/edit/seed0/krsl/adapter/training.json").read_text())
    assert made["held_out"]["epoch"] in (1, 2) and made["held_out"]["problems"] > 0


@pytest.mark.slow
def test_every_task_of_bbh_becomes_duals_and_training_sets(study: Callable[..., Workspace]) -> None:
    if not SHARED.exists():
        pytest.skip("no local copy of BIG-Bench Hard")
    bbh = study(real_rows())
    sets = [f"results/tiny/edit/seed0/{stage}.training_set.parquet" for stage in ("sft", "krsl")]
    bbh.run(*sets, "results/problems/bbh-test.parquet")
    check_duals(bbh)
    pairs = pl.read_parquet(bbh.work / sets[1])
    assert len(pairs) > 30 and (pairs["completion"] != pairs["rejected"]).all()
