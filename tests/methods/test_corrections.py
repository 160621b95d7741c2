"""SuperCorrect's second stage: first wrong steps, what teacher and student make of them, and what is trained on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from orion.config.prompts import Prompts
from orion.config.sampling import Decoding
from orion.files import read_table, write_table
from orion.methods import supercorrect
from orion.own_corrections import OwnCorrectionsSpec
from orion.own_corrections import correct as own_corrections
from orion.problems.arithmetic import FAMILIES, generate, read_steps
from orion.problems.table import write_problems
from orion.prompts import fill
from orion.steps import Correction, reference, shown, step_question
from orion.teacher.corrections import CorrectionsSpec, correct, counts_of
from orion.teacher.locations import LocationsSpec, locate
from orion.teacher.scripted.tasks import perform
from orion.types import Problem, Request, Response
from tests.methods.asking import Asking

TEXTS = {name: f.default for name, f in Prompts.model_fields.items() if name.startswith("correct_")}
TEACHER = {"source": "embedded"}
PROBLEM = Problem("p", "What is 2 * 3 + 4?", "10", r"2 * 3 = 6, 6 + 4 = 10. \boxed{10}")
WRONG = "<Step 1>\n2 * 3 = 6\n</Step 1>\n<Step 2>\n6 + 4 = 11\n</Step 2>\n<Answer>\\boxed{11}</Answer>"
GOOD, BAD = Correction("6 + 4 is 10.", "6 + 4 = 10"), Correction("It should be less.", "6 + 4 = 9")


def errors(*texts: str) -> pl.DataFrame:
    return pl.DataFrame([{"id": "p", "key": f"e{n}", "response": text} for n, text in enumerate(texts)])


def located(*says: str | Response | None, texts=(WRONG,), most=None):
    asking = Asking(*says)
    spec = {"teacher": TEACHER, "temperature": "0.2", "max_tokens": 99, "prompt": TEXTS["correct_locate"], "most": most}
    return locate([PROBLEM], errors(*texts), asking, LocationsSpec.model_validate(spec)), asking


# First wrong steps.


def test_the_teacher_sees_the_reference_and_the_steps_and_names_one():
    (row,), asking = located("Step 1 is right.\nWrong step: 2")
    assert (row["number"], row["kept"], row["steps"]) == (2, True, ["2 * 3 = 6", "6 + 4 = 11"])
    assert PROBLEM.solution in asking.asked[0] and shown(row["steps"]) in asking.asked[0]
    assert r"\boxed{11}" not in asking.asked[0]  # what stands outside of the steps is no step


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Wrong step: none", "no-wrong-step"),
        ("Wrong step: 3", "no-such-step"),
        ("It is wrong.", "no-location"),
        (Response("Wrong", "length", 1, 1), "cut-off"),
        (Response("", "error", 0, 0, None, 0.0, "http-400: no"), "http-400"),
        (None, "no-response"),
    ],
)
def test_an_error_without_a_location_is_dropped_with_its_reason(said, reason):
    (row,), _ = located(said)
    assert (row["kept"], row["why_not"], row["number"]) == (False, reason, None)


def test_a_solution_without_whole_steps_is_not_asked_about():
    rows, asking = located("Wrong step: 1", texts=("<Step 1>\n2 * 3 = 7", "2 * 3 = 7\nSo 11."))
    assert [row["why_not"] for row in rows] == ["step-not-closed", None]
    assert [row["tagged"] for row in rows] == [True, False] and len(asking.asked) == 1


def test_so_many_errors_at_most_whatever_else_there_is():
    texts = [f"<Step 1>\n{n}\n</Step 1>" for n in range(9)]
    first, _ = located(*["Wrong step: 1"] * 3, texts=texts, most=3)
    more, _ = located(*["Wrong step: 1"] * 5, texts=texts, most=5)
    assert {row["error_key"] for row in first} < {row["error_key"] for row in more}


# The student's own corrections.


class Student:
    def __init__(self, *says: Response) -> None:
        self.says, self.asked = list(says), []

    def request(self, messages, decoding, draw, id):
        return Request("student", messages, decoding.sampling(), draw, {}, id)

    def complete(self, requests):
        self.asked += [request.messages[0].content for request in requests]
        return [self.says.pop(0) for _ in requests]


def own(locations, *says: Response, locate=False):
    names = ["correct_step", "correct_locate"][: 1 + locate]
    decoding = Decoding(temperature="0.6", max_tokens=50)
    spec = {"student": {"model": "a/b"}, "decoding": decoding, "prompts": {name: TEXTS[name] for name in names}}
    student = Student(*says)
    table = pl.DataFrame(locations)
    return own_corrections([PROBLEM], table, student, OwnCorrectionsSpec.model_validate(spec)), student


def test_the_student_gets_the_teachers_prompt_without_the_reference():
    locations, _ = located("Wrong step: 2")
    (row,), student = own(locations, Response(f"Hm. {BAD}", "stop", 10, 7))
    assert (row["kept"], row["tagged"], row["number"]) == (True, True, 2)
    teachers = step_question(TEXTS["correct_step"], PROBLEM.problem, locations[0]["steps"], reference(PROBLEM.solution))
    assert student.asked == [teachers[0].content.replace(reference(PROBLEM.solution), "")]
    assert PROBLEM.solution not in student.asked[0]


def test_with_the_question_for_the_place_the_student_locates_too():
    locations, _ = located("Wrong step: 2")
    (row,), student = own(
        locations, Response("Hm.", "stop", 10, 7), Response("Wrong step: 1", "stop", 10, 7), locate=True
    )
    assert (row["own_number"], row["tagged"], row["completion_tokens"]) == (1, False, 14)
    assert "Reference" not in student.asked[1] and shown(locations[0]["steps"]) in student.asked[1]


def test_without_located_errors_nobody_is_asked():
    locations, _ = located("Wrong step: none")
    assert own(locations)[0] == []


# Pairs.


OWN = Response(str(BAD), "stop", 10, 7)


def pairs(*teacher_says, own_says=OWN, **more):
    locations, _ = located("Wrong step: 2")
    student, _ = own(locations, own_says)
    asking = Asking(*teacher_says)
    spec = {"teacher": TEACHER, "temperature": "0.2", "max_tokens": 99, "prompts": TEXTS} | more
    drafts = correct(
        [PROBLEM], pl.DataFrame(locations), pl.DataFrame(student), asking, CorrectionsSpec.model_validate(spec)
    )
    (row,) = [draft.row() for draft in drafts]
    return row, asking


FAULTY, PASS = "The sum is 10.\nVerdict: faulty", "Verdict: pass"


def test_a_pair_is_the_teachers_correction_over_the_students():
    row, asking = pairs(FAULTY, f"Sure: {GOOD}", PASS)
    assert (row["kept"], row["chosen"], row["rejected"], row["rounds"]) == (True, str(GOOD), str(BAD), 1)
    judged, written, inspected = asking.asked
    assert BAD.step in judged and BAD.cause not in judged  # the correction is judged, not its cause
    assert PROBLEM.solution in written
    assert str(GOOD) in inspected


def test_a_right_correction_is_no_rejected_side_and_costs_no_teacher():
    row, asking = pairs(PASS)
    assert (row["why_not"], row["own_right"], len(asking.asked)) == ("own correction: right", True, 1)
    assert counts_of([row])["own_right"] == 1


def test_what_the_inspector_finds_goes_back_and_at_most_so_often():
    row, asking = pairs(FAULTY, str(BAD), FAULTY, str(GOOD), PASS)
    assert (row["kept"], row["rounds"], row["chosen"]) == (True, 2, str(GOOD))
    assert "The sum is 10." in asking.asked[3] and str(BAD) in asking.asked[3]
    row, asking = pairs(FAULTY, *[str(BAD), FAULTY] * 2, rounds=2)
    assert (row["why_not"], len(asking.asked)) == ("teacher: not passed", 5)


def test_what_else_ends_a_pair():
    assert pairs(FAULTY, "no form", PASS)[0]["why_not"] == "teacher: not in form"
    assert pairs(FAULTY, str(BAD), PASS)[0]["why_not"] == "own correction: the same"
    assert pairs(FAULTY, None)[0]["why_not"] == "teacher: no-response"
    assert pairs(own_says=Response("<Cause>", "length", 1, 1))[0]["why_not"] == "own correction: cut-off"
    no_form = Response("6 + 4 = 9", "stop", 1, 1)
    assert pairs(FAULTY, str(GOOD), PASS, own_says=no_form)[0]["rejected"] == "6 + 4 = 9"
    assert pairs(own_says=no_form, need_form=True)[0]["why_not"] == "own correction: not in form"


def test_judging_alone_asks_once_and_keeps_right_ones():
    row, asking = pairs(PASS, judge_only=True)
    assert (row["kept"], row["own_right"], row["chosen"], len(asking.asked)) == (True, True, None, 1)


def test_a_training_row_is_problem_and_steps_up_to_the_wrong_one_then_cause_and_correction():
    row, _ = pairs(FAULTY, str(GOOD), PASS)
    found = supercorrect.corrections(TEXTS, [PROBLEM, PROBLEM._replace(id="q")], pl.DataFrame([row]))
    (trained,) = found.rows
    assert trained.prompt == step_question(TEXTS["correct_step"], PROBLEM.problem, ["2 * 3 = 6", "6 + 4 = 11"])
    assert (trained.completion, trained.rejected) == (str(GOOD), str(BAD))
    assert trained.sources == (row["key"], row["own_key"], "e0")
    assert found.dropped == {"no-located-error": 1}


def test_no_pairs_are_an_empty_training_set_with_its_reasons():
    row, _ = pairs(PASS)
    found = supercorrect.corrections(TEXTS, [PROBLEM], pl.DataFrame([row]))
    assert found.rows == [] and found.dropped["own correction: right"] == 1


# The scripted teacher's part.

PROBLEMS = [problem for _, problem in generate(dict.fromkeys(FAMILIES, 4), (2, 12), "s", False)]


def spoilt(problem: Problem, at: int) -> list[str]:
    """The right steps with one miscalculated."""
    steps = [str(step) for step in read_steps(problem.problem)]
    left, _, value = steps[at].rpartition(" = ")
    return [*steps[:at], f"{left} = {int(value) + 1}", *steps[at + 1 :]]


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.id)
def test_the_scripted_teacher_locates_corrects_and_inspects(problem: Problem):
    steps = read_steps(problem.problem)
    values = {"problem": problem.problem, "reference": reference(problem.solution)}

    def say(name: str, **more: str) -> str:
        return perform(fill(TEXTS[name], **values | more)[0].content, 0, 0.0).response

    right = [str(step) for step in steps]
    assert say("correct_locate", steps=shown(right)).endswith("Wrong step: none")
    for at in range(len(steps)):
        wrong = spoilt(problem, at)
        assert say("correct_locate", steps=shown(wrong)).endswith(f"Wrong step: {at + 1}")
        about = {"steps": shown(wrong[: at + 1]), "number": str(at + 1)}
        correction = say("correct_step", **about)
        assert str(steps[at]) in correction and "<Cause>" in correction
        about |= {"solution": problem.solution}
        assert say("correct_inspect", **about, correction=correction).endswith("Verdict: pass")
        assert say("correct_inspect", **about, correction=wrong[at]).endswith("Verdict: faulty")
        assert say("correct_mend", **about, correction=wrong[at], faults="x") == correction
    if len(steps) > 1:  # a solution that ends too early is wrong where it ends, and what is missing mends it
        assert say("correct_locate", steps=shown(right[:-1])).endswith(f"Wrong step: {len(steps) - 1}")
        about = {"steps": shown(right[:-1]), "number": str(len(steps) - 1)}
        assert str(steps[-1]) in say("correct_step", **about)
    more = [*right, f"{steps[-1].value} + 1 = {steps[-1].value + 1}"]  # a step too many
    assert say("correct_locate", steps=shown(more)).endswith(f"Wrong step: {len(more)}")
    about = {"steps": shown(more), "number": str(len(more)), "solution": problem.solution}
    assert "nothing left to do" in (correction := say("correct_step", **about))
    assert say("correct_inspect", **about, correction=correction).endswith("Verdict: pass")
    assert say("correct_inspect", **about, correction=more[-1]).endswith("Verdict: faulty")


def test_the_programs_against_the_scripted_teacher(tmp_path: Path):
    """Over HTTP: every spoilt step is found and mended, also where the teacher slips first; nothing is asked twice."""
    write_problems(tmp_path / "problems.parquet", PROBLEMS, {})
    wrong = [(p, at, spoilt(p, at)) for p in PROBLEMS for at in range(len(read_steps(p.problem)))]
    rows = [{"id": p.id, "key": f"e{n}", "response": shown(steps)} for n, (p, _, steps) in enumerate(wrong)]
    write_table(tmp_path / "errors.parquet", pl.DataFrame(rows))

    def run(name: str, spec: dict, *arguments: str) -> pl.DataFrame:
        command = [sys.executable, "-m", f"orion.teacher.{name}", "--spec", json.dumps({"teacher": TEACHER} | spec)]
        command += ["--problems", str(tmp_path / "problems.parquet"), "--store", str(tmp_path / "store")]
        command += [*arguments, "--output", str(tmp_path / f"{name}.parquet")]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert subprocess.run([*command, "--offline"], capture_output=True).returncode == 0
        return read_table(tmp_path / f"{name}.parquet")

    spec = {"temperature": "0.2", "max_tokens": 999}
    locations = run(
        "locations", spec | {"prompt": TEXTS["correct_locate"]}, "--errors", str(tmp_path / "errors.parquet")
    )
    assert locations["number"].to_list() == [at + 1 for _, at, _ in wrong]
    own = locations.select("id", "error_key", "number", "key", response=pl.lit(str(BAD)), tagged=True, kept=True)
    write_table(tmp_path / "own.parquet", own.with_columns(why_not=pl.lit(None, pl.String)))
    inputs = ["--locations", str(tmp_path / "locations.parquet"), "--own", str(tmp_path / "own.parquet")]
    found = run("corrections", spec | {"prompts": TEXTS}, *inputs)
    assert found["kept"].all() and found["rounds"].max() > 1
    for row, (problem, at, _) in zip(found.iter_rows(named=True), wrong, strict=True):
        assert str(read_steps(problem.problem)[at]) in row["chosen"]
