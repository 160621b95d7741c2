"""SuperCorrect's first stage: templates that an inspector passed, with whole tags and the right answer."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace

import polars as pl
import pytest
import yaml

from orion.config.prompts import Prompts
from orion.config.study import load
from orion.files import read_table
from orion.methods import supercorrect
from orion.problems.arithmetic import FAMILIES, generate
from orion.problems.table import write_problems
from orion.specs import Specs
from orion.teacher.templates import PROMPTS, TemplatesSpec, inspected, make_templates, malformed, rows_of
from orion.types import Message, Problem, Request, Response, Sampling
from orion.verify.policy import Grading
from tests.pipeline.workspace import ROOT, merged

TEXTS = {name: Prompts.model_fields[name].default for name in PROMPTS}
PROBLEM = Problem("p", "What is 2 + 3?", "5", r"2 + 3 = 5. \boxed{5}")
GOOD = "<Step 1>\n2 + 3 = 5\n</Step 1>\n<Generalized>\nAdd.\n</Generalized>\n<Answer>\\boxed{5}</Answer>"


class Asking:
    """A teacher that says what a test wants, and remembers what it was asked."""

    def __init__(self, *says: str | Response | None) -> None:
        self.says, self.asked = list(says), []

    def request(self, messages: tuple[Message, ...], *, id: str = "", **sampling) -> Request:
        return Request("teacher", messages, Sampling(**sampling), 0, {}, id)

    def complete(self, requests: list[Request]) -> list[Response | None]:
        self.asked += [request.messages[0].content for request in requests]
        said = [self.says.pop(0) for _ in requests]
        return [Response(text, "stop", 10, 7, None, 0.5) if isinstance(text, str) else text for text in said]


def made(*says, rounds=3, problem=PROBLEM):
    asking = Asking(*says)
    spec = TemplatesSpec.model_validate(
        {"teacher": {"source": "embedded"}, "prompts": TEXTS, "templates": {"rounds": rounds}}
    )
    (row,) = rows_of(make_templates([problem], asking, spec), Grading())
    return row, asking


def test_a_template_that_passes_is_kept_after_one_round():
    row, asking = made(GOOD, "Verdict: pass")
    assert (row["kept"], row["rounds"], row["template"]) == (True, 1, GOOD)
    assert PROBLEM.solution in asking.asked[0] and GOOD in asking.asked[1]
    assert (row["prompt_tokens"], row["completion_tokens"], row["cost"]) == (20, 14, 1.0)


def test_what_the_inspector_finds_goes_back_to_the_teacher():
    row, asking = made("bad", "Step 1 lacks a sign.\nVerdict: faulty", GOOD, "Verdict: pass")
    assert (row["kept"], row["rounds"]) == (True, 2)
    assert "Step 1 lacks a sign." in asking.asked[2] and "bad" in asking.asked[2]


def test_after_the_last_round_a_template_that_never_passed_is_dropped():
    row, asking = made(*["bad", "Verdict: faulty"] * 3)
    assert (row["kept"], row["why_not"], len(asking.asked)) == (False, "not-passed", 6)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (GOOD, None),
        (GOOD.replace("boxed{5}", "boxed{6}"), "wrong-answer"),
        (GOOD.replace("Step 1", "Step 2"), "steps-not-numbered"),
        (GOOD.replace("</Step 1>", ""), "step-not-closed"),
        (GOOD.replace("2 + 3", "<Key>2 + 3"), "key-not-closed"),
        (GOOD.replace("\nAdd.\n", " "), "no-generalized-or-answer"),
        ("", "steps-not-numbered"),
    ],
)
def test_an_inspectors_pass_is_not_enough(text, reason):
    assert made(text, "Verdict: pass")[0]["why_not"] == reason


def test_a_failed_request_ends_the_draft_with_its_reason():
    assert made(Response("", "error", 0, 0, None, 0.0, "http-400: no"))[0]["why_not"] == "http-400"
    assert made(Response("<Step 1>", "length", 1, 1))[0]["why_not"] == "cut-off"
    assert made(None)[0]["why_not"] == "no-response"


def test_an_inspection_without_a_verdict_is_no_pass():
    assert inspected("**Verdict:** pass") and inspected("Verdict: faulty at first.\nVerdict: pass")
    assert not inspected("It is fine.") and not inspected("Verdict: faulty")


def test_the_whole_program_against_the_scripted_teacher(tmp_path):
    problems = [problem for _, problem in generate(dict.fromkeys(FAMILIES, 15), (2, 12), "s", False)]
    write_problems(tmp_path / "problems.parquet", problems, {})
    spec = {"teacher": {"source": "embedded"}, "prompts": TEXTS}
    command = [sys.executable, "-m", "orion.teacher.templates", "--spec", json.dumps(spec)]
    for name, file in (("problems", "problems.parquet"), ("store", "store"), ("output", "templates.parquet")):
        command += [f"--{name}", str(tmp_path / file)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    table = read_table(tmp_path / "templates.parquet")
    stats = json.loads((tmp_path / "templates.stats.json").read_text())
    assert stats["in"] == len(problems) == stats["out"] + sum(stats["dropped"].values())
    kept = table.filter("kept")
    assert kept["rounds"].max() > 1  # its slips are found and mended
    assert len(kept) == len(problems)
    assert all(malformed(text) is None for text in kept["template"])
    assert subprocess.run([*command, "--offline"], capture_output=True).returncode == 0  # all of it is in the store

    found = supercorrect.templates({"template_question": "T: {problem}"}, problems, table)
    assert [row.prompt[0].content for row in found.rows] == [f"T: {p.problem}" for p in problems]
    assert [row.completion for row in found.rows] == table["template"].to_list()


def test_problems_without_a_kept_template_are_counted():
    table = pl.DataFrame({"id": ["p"], "template": ["t"], "key": ["k"], "kept": [False]})
    assert supercorrect.templates({"template_question": "{problem}"}, [PROBLEM], table).dropped["no-kept-template"] == 1


def test_the_evaluation_asks_for_the_form_that_was_learnt():
    default = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    recipe = {"ask": "template_question", "stages": [{"objective": "sft", "data": "templates"}]}
    specs = Specs(load(merged(default, {"methods": {"hsft": recipe}})))
    asked = SimpleNamespace(
        **{m: json.loads(specs.samples("smollm2", m, "sampled"))["question"] for m in ("hsft", "vanilla")}
    )
    assert "<Generalized>" in asked.hsft and asked.vanilla == default["prompts"]["question"]
    assert json.loads(specs.training_set("hsft", "sft"))["prompts"] == {"template_question": asked.hsft}
