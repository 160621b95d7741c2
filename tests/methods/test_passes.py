"""Multi-pass editing: rounds of requests to the teacher, each checked for its answer, every loss counted."""

from __future__ import annotations

import json
import subprocess
import sys

import polars as pl
import pytest

from orion.config.prompts import Prompts
from orion.files import read_table, write_table
from orion.methods import minimal_cot
from orion.methods.traces import Trace
from orion.problems.arithmetic import FAMILIES, generate
from orion.problems.table import write_problems
from orion.teacher.passes import PassesSpec, edit
from orion.teacher.scripted.voice import solve
from orion.types import Problem, Response
from orion.verify import verify
from tests.methods.asking import Asking

NAMES = ["verify", "backtrack", "alternatives", "structure"]
TEXTS = {name: Prompts.model_fields[f"pass_{name}"].default for name in NAMES}
PROBLEM = Problem("p", "What is 2 + 3?", "5")
RIGHT = r"It is \boxed{5}."


def edited(*says: str | Response | None, passes=("verify", "backtrack")):
    asking = Asking(*says)
    spec = PassesSpec.model_validate({"teacher": {"source": "embedded"}, "passes": list(passes), "prompts": TEXTS})
    (draft,) = edit([PROBLEM, Problem("q", "?", "1")], {"p": Trace("p", "the CoT", "k")}, asking, spec)
    return draft.row(), asking


def test_each_pass_works_on_what_the_one_before_left():
    row, asking = edited(f"First. {RIGHT}", f"Second. {RIGHT}")
    assert "the CoT" in asking.asked[0] and f"First. {RIGHT}" in asking.asked[1]
    assert (row["response"], row["kept"], len(row["keys"])) == (f"Second. {RIGHT}", True, 2)
    assert (row["prompt_tokens"], row["completion_tokens"], row["cost"], row["cot_key"]) == (20, 14, 1.0, "k")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (r"\boxed{6}", "verify: wrong"),
        ("", "verify: no-answer"),
        (Response(RIGHT, "length", 1, 1), "verify: cut-off"),
        (Response("", "error", 0, 0, None, 0.0, "http-400: no"), "verify: http-400"),
        (None, "verify: no response"),
    ],
)
def test_a_pass_that_loses_the_answer_ends_the_draft(said, reason: str):
    row, asking = edited(said)
    assert (row["kept"], row["why_not"], len(asking.asked)) == (False, reason, 1)


def test_the_label_is_in_no_request():
    _, asking = edited(RIGHT, RIGHT, passes=("verify", "structure"))
    assert not any("correct answer" in text for text in asking.asked)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory):
    """The program with all passes, against the scripted teacher's model that does not reason, on a port of its own."""
    folder = tmp_path_factory.mktemp("passes")
    problems = [problem for _, problem in generate(dict.fromkeys(FAMILIES, 6), (2, 12), "s", False)]
    write_problems(folder / "problems.parquet", problems, {})
    rows = [
        {"id": p.id, "reasoning": None, "response": solve(p.problem, 0, 0.0, straight=True).response, "key": f"k{p.id}"}
        | {"verdict": "correct", "finish_reason": "stop"}
        for p in problems[1:]
    ]
    write_table(folder / "cots.parquet", pl.DataFrame(rows))
    teacher = {"source": "embedded", "model": "scripted-chat", "reasoning": False}
    spec = {"teacher": teacher, "passes": NAMES, "prompts": TEXTS}
    command = [sys.executable, "-m", "orion.teacher.passes", "--spec", json.dumps(spec)]
    for name, file in (("problems", "problems.parquet"), ("cots", "cots.parquet"), ("store", "store")):
        command += [f"--{name}", str(folder / file)]
    done = subprocess.run([*command, "--output", str(folder / "edited.parquet")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder, problems, rows, command


def test_the_script_adds_what_each_pass_asks_for_and_keeps_the_rest(made):
    folder, problems, rows, _ = made
    table = read_table(folder / "edited.parquet")
    answers = {p.id: p.answer for p in problems}
    kept = table.filter("kept").to_dicts()
    assert len(kept) > len(rows) / 2
    for row in kept:
        assert verify(row["response"], answers[row["id"]]).verdict == "correct"
        words = ["Let me check that", "Wait, should it be", "Seen another way", "Understand:", "Plan:", "Answer:"]
        assert [word for word in words if word not in row["response"]] == []


def test_its_slips_are_counted_by_pass(made):
    folder, _, rows, _ = made
    stats = json.loads((folder / "edited.stats.json").read_text())
    assert stats["in"] == len(rows) == stats["out"] + sum(stats["dropped"].values())
    assert all(reason.partition(":")[0] in NAMES for reason in stats["dropped"])


def test_passes_that_begin_alike_are_asked_once(made):
    folder, _, _, command = made
    fewer = [text.replace(json.dumps(NAMES), json.dumps(NAMES[:2])) for text in command]
    done = subprocess.run([*fewer, "--output", str(folder / "two.parquet"), "--offline"], capture_output=True)
    assert done.returncode == 0, done.stderr


def test_only_kept_edits_are_trained_on(made):
    folder, problems, rows, _ = made
    table = read_table(folder / "edited.parquet")
    found = minimal_cot.edited({"question": "Q: {problem}"}, problems, table)
    assert [row.completion for row in found.rows] == table.filter("kept")["response"].to_list()
    assert len(found.rows) + found.dropped["no-kept-edit"] == len(problems)
    known = {row["key"] for row in rows}
    assert all(row.sources[1] in known for row in found.rows)
