"""EDIT: pairs of a right and a wrong CoT, asked of a teacher, filtered by their answers, every loss counted."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from random import Random

import polars as pl
import pytest
from rapidfuzz.distance import Levenshtein

from orion.config.prompts import Prompts
from orion.files import read_table, write_table
from orion.methods import edit
from orion.problems.arithmetic import FAMILIES, generate, read_steps
from orion.problems.table import write_problems
from orion.prompts import fill
from orion.teacher.duals import why_not, wrong_traces
from orion.teacher.mistakes import pattern_of
from orion.teacher.scripted.mistakes import mistaken, rewritten
from orion.teacher.scripted.tasks import perform
from orion.teacher.scripted.voice import solve
from orion.types import Problem, Response, Verdict
from orion.verify import verify

PROMPTS = {name: Prompts.model_fields[name].default for name in ("edit_rectify", "edit_corrupt")}
JUDGE = Prompts.model_fields["edit_mistake"].default
QUESTION = {"question": "Q: {problem}"}
PROBLEMS = [problem for _, problem in generate(dict.fromkeys(FAMILIES, 3), (2, 12), "s", False)]


def trace(problem: Problem, slip_rate: float) -> str:
    said = solve(problem.problem, 0, slip_rate)
    assert said is not None
    return f"{said.reasoning}\n\n{said.response}"


def cot(problem: Problem, key: str, right: bool, **more):
    said = solve(problem.problem, 0, 0.0 if right else 1.0)
    verdict = {"verdict": "correct" if right else "wrong", "answer": "1", "finish_reason": "stop"}
    return {"id": problem.id, "key": key, "reasoning": said.reasoning, "response": said.response} | verdict | more


# The scripted teacher's part.


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.id)
def test_the_scripted_teacher_rectifies_and_corrupts(problem: Problem):
    hinted = fill(PROMPTS["edit_rectify"], problem=problem.problem, label=problem.answer)[0].content
    assert verify(perform(hinted, 0, 0.0).response, problem.answer).verdict == "correct"
    reference = trace(problem, 0.0)
    values = {"problem": problem.problem, "reference": reference, "examples": "Example 1: x\nWrong: y\nRight: z"}
    wrong = perform(fill(PROMPTS["edit_corrupt"], **values)[0].content, 0, 0.0).response
    assert verify(wrong, problem.answer).verdict == "wrong"
    # Beside its numbers a corrupted CoT differs in the words and signs of one operation, if in any.
    words = [re.sub(r"\d+", "#", text).split() for text in (reference, wrong)]
    assert Levenshtein.distance(*words) <= 12 < min(map(len, words))


def test_its_mistakes_are_of_three_kinds_and_it_tells_them_apart():
    found = []
    for seed in range(60):
        problem = PROBLEMS[seed % len(PROBLEMS)]
        steps = read_steps(problem.problem)
        wrong = mistaken(steps, Random(seed))
        assert all(step.value > 0 for step in wrong)
        text = rewritten(trace(problem, 0.0), steps, wrong)
        judge = {"problem": problem.problem, "right": trace(problem, 0.0), "wrong": text}
        found.append(pattern_of(perform(fill(JUDGE, **judge)[0].content, 0, 0.0).response))
        first = next(n for n, (a, b) in enumerate(zip(steps, wrong, strict=True)) if str(a) != str(b))
        if steps[first].op == wrong[first].op:
            assert found[-1] == "calculation"
        else:
            assert found[-1] == ("knowledge" if steps[first].op in ("pack", "price", "share", "multiply") else "logic")
    assert min(found.count(kind) for kind in ("logic", "knowledge", "calculation")) > 3


def test_some_of_its_answers_fail_so_that_the_filter_has_work():
    hinted = fill(PROMPTS["edit_rectify"], problem=PROBLEMS[0].problem, label=PROBLEMS[0].answer)[0].content
    assert verify(perform(hinted, 0, 1.0).response, PROBLEMS[0].answer).verdict == "wrong"


# Duals.


def test_a_wrong_cot_is_one_that_ended_with_a_wrong_answer():
    p, q, r = PROBLEMS[:3]
    rows = [
        cot(p, "k0", True),
        cot(p, "k1", False),
        cot(q, "k2", False, finish_reason="length"),
        cot(r, "k3", False, answer=None),
    ]
    assert {id: t.key for id, t in wrong_traces(pl.DataFrame(rows)).items()} == {p.id: "k1"}


@pytest.mark.parametrize(
    ("kind", "finish", "verdict", "reason"),
    [
        ("rectified", "stop", Verdict("correct", "1"), None),
        ("rectified", "stop", Verdict("wrong", "1"), "still-wrong"),
        ("corrupted", "stop", Verdict("wrong", "1"), None),
        ("corrupted", "stop", Verdict("correct", "1"), "still-right"),
        ("corrupted", "stop", Verdict("wrong", None), "no-answer"),
        ("corrupted", "length", Verdict("wrong", "1"), "cut-off"),
        ("rectified", "stop", Verdict("unverified", "1"), "unverified"),
    ],
)
def test_a_pair_is_kept_only_if_its_sides_are_what_they_should_be(kind, finish, verdict, reason):
    assert why_not(kind, Response("text", finish, 1, 1), verdict) == reason


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory):
    """The program, against the scripted teacher on a port of its own."""
    folder = tmp_path_factory.mktemp("duals")
    write_problems(folder / "problems.parquet", PROBLEMS, {})
    rows = [cot(p, f"r{n}", True) for n, p in enumerate(PROBLEMS) if n % 3]
    rows += [cot(p, f"w{n}", False) for n, p in enumerate(PROBLEMS) if n % 2]
    write_table(folder / "cots.parquet", pl.DataFrame(rows))
    teacher = {"source": "embedded", "model": "scripted-r1"}
    spec = {"teacher": teacher, "prompts": PROMPTS, "duals": {"max_tokens": 1024}}
    command = [
        sys.executable,
        "-m",
        "orion.teacher.duals",
        "--spec",
        json.dumps(spec),
        "--store",
        str(folder / "store"),
    ]
    for name, file in (("problems", "problems"), ("cots", "cots"), ("output", "duals")):
        command += [f"--{name}", str(folder / f"{file}.parquet")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder, rows, command


def test_every_wrong_cot_is_rectified_and_every_right_one_corrupted(made):
    folder, rows, _ = made
    duals = read_table(folder / "duals.parquet")
    known = {row["key"]: row for row in rows}
    asked = {kind: duals.filter(pl.col("kind") == kind) for kind in ("rectified", "corrupted")}
    assert set(asked["rectified"]["wrong_key"]) == {key for key in known if key.startswith("w")}
    assert set(asked["corrupted"]["right_key"]) == {key for key in known if key.startswith("r")}
    answers = {p.id: p.answer for p in PROBLEMS}
    kept = duals.filter("kept").to_dicts()
    assert len(kept) >= len(duals) // 2
    for row in kept:
        assert verify(row["right"], answers[row["id"]]).verdict == "correct"
        assert verify(row["wrong"], answers[row["id"]]).verdict == "wrong"


def test_losses_are_counted_to_the_last(made):
    folder, _, _ = made
    stats = json.loads((folder / "duals.stats.json").read_text())
    assert stats["in"] == stats["out"] + sum(stats["dropped"].values())


def test_requests_for_a_wrong_cot_show_pairs_of_rectified_ones(made):
    folder, _, _ = made
    bodies = "".join(path.read_text() for path in (folder / "store").glob("*.jsonl"))
    assert "Example 2: " in bodies and "Example 3: " not in bodies


def test_a_second_run_asks_nothing(made):
    folder, _, command = made
    before = (folder / "duals.parquet").read_bytes()
    assert subprocess.run([*command, "--offline"], capture_output=True).returncode == 0
    assert (folder / "duals.parquet").read_bytes() == before


# Patterns of mistakes.


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("It adds.\nKind: logic", "logic"),
        ("**Kind:** Knowledge.", "knowledge"),
        ("Kind: logic at first sight.\nKind: calculation", "calculation"),
        ("It is a mistake of logic.", None),
        ("Kind: format", None),
    ],
)
def test_the_last_kind_that_a_judge_states_counts(text: str, pattern: str | None):
    assert pattern_of(text) == pattern


def test_every_kept_dual_gets_a_label_or_a_reason(made):
    folder, *_ = made
    labelling = [
        sys.executable, "-m", "orion.teacher.mistakes",
        "--spec", json.dumps({"teacher": {"source": "embedded", "model": "scripted-r1"}, "prompt": JUDGE}),
        "--problems", str(folder / "problems.parquet"), "--duals", str(folder / "duals.parquet"),
        "--store", str(folder / "store"), "--output", str(folder / "mistakes.parquet"),
    ]  # fmt: skip
    done = subprocess.run(labelling, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    kept = read_table(folder / "duals.parquet").filter("kept")
    labels = read_table(folder / "mistakes.parquet")
    assert labels.select("right_key", "wrong_key").rows() == kept.select("right_key", "wrong_key").rows()
    stats = json.loads((folder / "mistakes.stats.json").read_text())
    assert stats["in"] == len(kept) == stats["out"] + sum(stats["dropped"].values())
    assert sum(stats["patterns"].values()) == stats["out"] > 0
    assert labels.filter(pl.col("kept") != pl.col("pattern").is_not_null()).is_empty()


# Training sets.


def test_stage_one_learns_right_cots_and_rectified_ones(made):
    folder, rows, _ = made
    duals = read_table(folder / "duals.parquet")
    found = edit.rectified(QUESTION, PROBLEMS, pl.DataFrame(rows), duals)
    mended = set(duals.filter(pl.col("kept") & (pl.col("kind") == "rectified"))["right_key"])
    assert {row.sources[0] for row in found.rows} == {r["key"] for r in rows if r["key"].startswith("r")} | mended
    assert all(row.rejected is None for row in found.rows)


def test_stage_two_sets_right_against_wrong(made):
    folder, _, _ = made
    duals = read_table(folder / "duals.parquet")
    kept = duals.filter("kept")
    found = edit.duals(QUESTION, PROBLEMS, duals)
    assert {(row.completion, row.rejected) for row in found.rows} == set(kept.select("right", "wrong").rows())
    assert found.dropped["no-dual"] == len(PROBLEMS) - kept["id"].n_unique()


def test_rewrites_are_paired_with_the_errors_that_they_were_made_from():
    refined = pl.DataFrame(
        {
            "id": ["p", "p", "q"],
            "response": ["right", "other", "lost"],
            "key": ["k0", "k1", "k2"],
            "error_key": ["e0", "gone", None],
            "cot_key": ["c", "c", "c"],
            "kept": [True, True, False],
        }
    )
    errors = pl.DataFrame({"id": ["p"], "key": ["e0"], "response": ["wrong"]})
    problems = [Problem("p", "2 + 2?", "4"), Problem("q", "3 + 3?", "6")]
    found = edit.refined_over_errors(QUESTION, problems, refined, errors)
    assert [(r.completion, r.rejected, r.sources) for r in found.rows] == [("right", "wrong", ("k0", "e0", "c"))]
    assert found.dropped == {"no-error-beside": 1, "no-kept-rewrite": 1}
