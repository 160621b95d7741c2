"""Nothing is rebuilt that did not change: for a table of edits, the exact set of jobs that a dry run reports."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pipeline.workspace import MAIN, Workspace, merged

TRAINED = ["sft-label", "sft-long-cot", "orion", "orion-no-error", "orion-no-reflection"]
METHODS = ["vanilla", *TRAINED]
BENCHMARKS, DECODINGS, TEMPERATURES = ["arith-easy", "arith-hard"], ["sampled", "greedy"], ["0.6", "1"]
TABLES = {"make_tables main"}


# What a change of one artifact makes of those behind it, along the way of the data.


def samples(methods=METHODS, benchmarks=BENCHMARKS, decodings=DECODINGS, seed=0) -> set[str]:
    return {f"sample_benchmark smollm2 {m} {seed} {b} {d}" for m in methods for b in benchmarks for d in decodings}


def scores(methods=METHODS, seed=0) -> set[str]:
    return TABLES | {f"score_policy smollm2 {m} {seed}" for m in methods}


def trained(methods=TRAINED, seed=0) -> set[str]:
    jobs = {f"train_adapter smollm2 {m} {seed} sft" for m in methods}
    return jobs | samples(methods, seed=seed) | scores(methods, seed)


def sets(methods=TRAINED, seed=0) -> set[str]:
    return {f"build_training_set smollm2 {m} {seed} sft" for m in methods} | trained(methods, seed)


def refined(feedback: str) -> set[str]:
    return {f"refine_cots smollm2 {feedback}"} | sets(["orion" if feedback == "error-and-cot" else "orion-no-error"])


def errors() -> set[str]:
    return {"collect_errors smollm2"} | refined("error-and-cot") | sets(["orion-no-reflection"])


def exposed(temperatures=TEMPERATURES) -> set[str]:
    return {f"sample_exposure smollm2 {t}" for t in temperatures} | errors()


def taught() -> set[str]:
    both = refined("error-and-cot") | refined("cot")
    return {"trace_teacher scripted"} | both | sets(["sft-long-cot", "orion-no-reflection"])


EVERYTHING_TRAINED = taught() | exposed() | sets()

NEW_METHOD = {"sft-label-again": {"stages": [{"objective": "sft", "data": "labels"}]}}
SECOND_TEACHER = {"chat": {"source": "embedded", "model": "scripted-chat", "reasoning": False, "max_tokens": 1024}}


def arm(**stage: Any) -> dict[str, Any]:
    """A new method of one stage, with whatever teachers it needs."""
    methods = {"new": {"stages": [{"objective": "sft", "data": "cots", "limit": 2} | stage]}}
    return {"methods": methods, "teachers": SECOND_TEACHER}


NEW_BENCHMARK = {"arith-new": {"source": "arithmetic", "families": {"one-step": 2}, "seed": 5}}

CONFIG_EDITS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "nothing": ({}, set()),
    "a method more": ({"methods": NEW_METHOD}, sets(["sft-label-again"])),
    "a teacher that no method asks": ({"teachers": SECOND_TEACHER}, set()),
    "an arm with another teacher": (arm(teacher="chat"), {"trace_teacher chat"} | sets(["new"])),
    "an arm with edited CoTs": (
        arm(data="edited", passes=["verify", "structure"]),
        {"edit_cots scripted verify-structure"} | sets(["new"]),
    ),
    "an arm by difficulty, from the exposure that is there": (arm(choose={"difficulty": "hard"}), sets(["new"])),
    "an arm of key steps by mistake": (
        arm(data="duals", objective="krsl", limit=None, name="sft", choose={"mistakes": "logic"}),
        {"make_duals scripted", "label_mistakes scripted"} | sets(["new"]),
    ),
    "an arm matched with others": (
        arm(data="labels", limit=None, match=["orion", "sft-label"], training={"max_steps": 2}),
        sets(["new"]),
    ),
    "seeds of its own for a method": (
        {"methods": {"sft-label": {"seeds": [0, 1, 2]}}},
        sets(["sft-label"], seed=1) | sets(["sft-label"], seed=2) | TABLES,
    ),
    "the question of a teacher": (
        {"teachers": {"scripted": {"question": "Please think at length: {problem}"}}},
        taught(),
    ),
    "a method less": ({"methods": {"orion-no-error": None}}, TABLES),
    "another label of a method": ({"methods": {"orion": {"label": "Ours"}}}, TABLES),
    "a benchmark more": (
        {"benchmarks": NEW_BENCHMARK},
        {"make_problems arith-new"} | samples(benchmarks=["arith-new"]) | scores(),
    ),
    "other numbers in a benchmark": (
        {"benchmarks": {"arith-easy": {"numbers": [2, 15]}}},
        {"make_problems arith-easy"} | samples(benchmarks=["arith-easy"]) | scores(),
    ),
    "a temperature more": ({"exposure": {"temperatures": ["0.6", "1.0", "0.8"]}}, exposed(["0.8"])),
    "a temperature written differently": ({"exposure": {"temperatures": [0.60, 1]}}, set()),
    "more draws of the exposure": ({"exposure": {"draws": 2}}, exposed()),
    "unfinished samples are no errors": ({"exposure": {"keep_unfinished": False}}, errors()),
    "a training seed more": ({"seeds": [0, 1]}, sets(seed=1)),
    "problems more": (
        {"problems": {"families": {"one-step": 9}}},
        {"make_problems train"} | EVERYTHING_TRAINED,
    ),
    "more draws of a decoding": (
        {"evaluation": {"decodings": {"sampled": {"draws": 4}}}},
        samples(decodings=["sampled"]) | scores(),
    ),
    "another limit of a decoding": (
        {"evaluation": {"decodings": {"greedy": {"max_tokens": 50}}}},
        samples(decodings=["greedy"]) | scores(),
    ),
    "another k": ({"evaluation": {"k": [3]}}, TABLES),
    "another learning rate": ({"training": {"learning_rate": 2e-3}}, trained()),
    "another rank": ({"training": {"lora": {"r": 4}}}, trained()),
    "the text of the refinement prompt": (
        {"prompts": {"refine_cot": "Rewrite: {reference}\n{problem}"}},
        refined("cot"),
    ),
    "the text of the prompt after an error": (
        {"prompts": {"question_after_error": "{problem}\nNot like this: {error}"}},
        sets(["orion-no-reflection"]),
    ),
    "the text of the question": (
        {"prompts": {"question": "Solve: {problem}"}},
        EVERYTHING_TRAINED | samples() | scores(),
    ),
    "the teacher's model": ({"teachers": {"scripted": {"model": "scripted-r2"}}}, taught()),
    "the teacher's draws": ({"teachers": {"scripted": {"draws": 5}}}, taught()),
    "how hard the teacher may be asked": (
        {"teachers": {"scripted": {"endpoint": {"concurrency": 3, "requests_per_minute": 600}}}},
        set(),
    ),
    "rewrites kept a problem": (
        {"refinement": {"max_per_problem": 1}},
        refined("error-and-cot") | refined("cot"),
    ),
    "a stricter grader": (
        {"grading": {"last_number": False}},
        EVERYTHING_TRAINED - {"build_training_set smollm2 sft-label 0 sft", "train_adapter smollm2 sft-label 0 sft"}
        | samples()
        | scores(),
    ),
}

CODE_EDITS: dict[str, tuple[str, str, str, set[str]]] = {
    "a docstring": ("orion/sample.py", "Exposure and evaluation are this same act", "They are the same", set()),
    "a comment": ("orion/error_set.py", "# Without an answer", "# If there is no answer", set()),
    "a function of the error set": ("orion/error_set.py", '"same-wrong-answer"', '"repeated"', errors()),
    "a function of the training sets": (
        "orion/methods/orion.py",
        "The answer is \\boxed",
        "The result is \\boxed",
        sets(),
    ),
    "a function of the tables": ("orion/tables/layout.py", "\n\n\ndef ", "\n\n\n_edited = 1\n\n\ndef ", TABLES),
    "a function of the training": ("orion/training/losses.py", "\n\n\ndef ", "\n\n\n_edited = 1\n\n\ndef ", trained()),
    "a function of the refinement": (
        "orion/refinement.py",
        '"copies-reference"',
        '"copy"',
        refined("error-and-cot") | refined("cot"),
    ),
    "a function of the scores": ("orion/scores.py", "def main", "_edited = 1\n\n\ndef main", scores()),
    "a function of the scripted teacher, which is an endpoint like any other": (
        "orion/teacher/scripted/voice.py",
        '"First"',
        '"At first"',
        set(),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("edit", CONFIG_EDITS)
def test_an_edit_of_the_config_rebuilds_exactly_what_depends_on_it(finished: Workspace, edit: str):
    over, expected = CONFIG_EDITS[edit]
    with finished.edited(**over):
        assert finished.planned(MAIN) == expected


@pytest.mark.slow
@pytest.mark.parametrize("edit", CODE_EDITS)
def test_an_edit_of_the_code_rebuilds_exactly_what_it_made(finished: Workspace, edit: str):
    path, old, new, expected = CODE_EDITS[edit]
    with finished.code(path, old, new):
        assert finished.planned(MAIN) == expected


@pytest.mark.slow
def test_order_and_comments_of_the_config_do_not_count(finished: Workspace):
    def backwards(value: Any) -> Any:
        return {k: backwards(v) for k, v in reversed(value.items())} if isinstance(value, dict) else value

    config = {key: backwards(value) if key != "methods" else value for key, value in finished.config.items()}
    # The order of benchmarks and methods is the order of the tables' columns and rows: it is no accident.
    config["benchmarks"] = finished.config["benchmarks"]
    config["evaluation"] = merged(config["evaluation"], {})
    finished.write(dict(reversed(config.items())))
    finished.configfile.write_text("# a comment\n" + finished.configfile.read_text())
    try:
        assert finished.planned(MAIN) == set()
    finally:
        finished.write(finished.config)


@pytest.mark.slow
def test_touched_files_do_not_count(finished: Workspace):
    for path in ["results/problems/train.parquet", "results/smollm2/errors.parquet"]:
        (finished.work / path).touch()
    for path in ["Snakefile", "rules/training.smk", "orion/sample.py", "study.yaml"]:
        (finished.repo / path).touch()
    assert finished.planned(MAIN) == set()
