"""Methods that only prompt: Wrong-of-Thought and few-shot prompting, against a policy that a test scripts."""

from __future__ import annotations

from argparse import Namespace
from types import SimpleNamespace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion.config.prompts import Prompts
from orion.config.sampling import Decoding
from orion.errors import UserError
from orion.files import write_table
from orion.problems.table import write_problems
from orion.solvers import few_shot, wot
from orion.types import Message, Problem, Request, Response

QUESTION = "Solve it.\n\n{problem}"
PROMPTS = {name: field.default for name, field in Prompts.model_fields.items() if name.startswith("wot_")}


class Scripted:
    """A policy whose answers a function gives; `asked` keeps every request, by round."""

    def __init__(self, say) -> None:
        self.say, self.asked = say, []

    def request(self, messages, decoding, draw, id):
        return Request("student", messages, decoding.sampling(), draw, {}, id)

    def complete(self, requests):
        self.asked.append(list(requests))
        return [self.say(request) for request in requests]


def response(text: str, finish="stop", error=None) -> Response:
    return Response(text, finish, 10, 7, None, 0.5, error)


def spec(**more):
    more = {"question": QUESTION, "decoding": Decoding(temperature="0.6", max_tokens=50), "prompts": PROMPTS} | more
    return SimpleNamespace(**{"shots": None} | more)


SUM = Problem("p", "What is 2 + 3?", "5")
NEW = Problem("q", "New?", "1")


def solve(say, problems=(SUM,), draws=1):
    policy = Scripted(say)
    questions = [(problem, draw) for problem in problems for draw in range(draws)]
    return wot.solve(questions, policy, spec(), Namespace()), policy


def script(attempts: list[str], verdicts: list[list[str]]):
    """Answers in order: attempts, and the verdicts of the checks of each."""
    left, checks = list(attempts), [verdict for of_attempt in verdicts for verdict in of_attempt]

    def say(request):
        is_check = "Proposed solution" in request.messages[-1].content
        return response(f"Hm.\nVerdict: {checks.pop(0)}") if is_check else response(left.pop(0))

    return say


RIGHT, WRONG = "correct", "wrong"


def test_an_attempt_that_two_of_three_checks_pass_stands():
    (solved,), policy = solve(script(["A"], [[RIGHT, WRONG, RIGHT]]))
    assert solved.response.text == "A"
    assert [len(asked) for asked in policy.asked[:2]] == [1, 3]
    assert solved.calls == 4


def test_a_rejected_attempt_is_shown_to_the_next_and_both_to_the_third():
    (solved,), policy = solve(script(["A?", "B?", "C?"], [[WRONG] * 3, [RIGHT, WRONG, WRONG]]))
    prompts = [r.messages[-1].content for asked in policy.asked for r in asked]
    retries = [text for text in prompts if "found wrong" in text]
    assert ["A?" in text for text in retries] == [True, True]
    assert ["B?" in text for text in retries] == [False, True]
    assert solved.response.text == "C?"
    assert solved.calls == 9  # 3 attempts and 6 checks, the most there are


def test_tokens_and_cost_of_all_calls_are_the_rows():
    (solved,), _ = solve(script(["A", "B"], [[WRONG] * 3, [RIGHT] * 3]))
    assert (solved.calls, solved.response.prompt_tokens, solved.response.completion_tokens) == (8, 80, 56)
    assert solved.response.cost == 4.0


def test_the_first_attempt_is_the_request_that_the_untrained_student_answers_anyway():
    (_,), policy = solve(script(["A"], [[RIGHT] * 3]))
    plain = policy.request((Message("user", "Solve it.\n\nWhat is 2 + 3?"),), spec().decoding, 0, "p")
    assert policy.asked[0][0].key == plain.key


def test_the_label_is_in_no_request():
    secret = Problem("p", "What is 2 + 3?", "LABEL", "SOLUTION")
    _, policy = solve(script(["A", "B", "C"], [[WRONG] * 3] * 2), [secret])
    assert not any("LABEL" in m.content or "SOLUTION" in m.content for a in policy.asked for r in a for m in r.messages)


def test_a_cut_off_attempt_is_rejected_without_checks():
    answers = iter([response("A", "length"), response("B", "length"), response("C")])
    (solved,), _ = solve(lambda request: next(answers))
    assert solved.response.text == "C"
    assert solved.calls == 3


def test_an_attempt_that_does_not_fit_the_context_leaves_the_one_before():
    def say(request):
        text = request.messages[-1].content
        if "found wrong" in text:
            return response("", "error", "too-long")
        return response("Verdict: wrong" if "Proposed" in text else "A")

    (solved,), _ = solve(say)
    assert solved.response.text == "A"
    assert solved.response.error is None


@given(st.lists(st.booleans(), min_size=1, max_size=6), st.integers(1, 3))
def test_questions_do_not_disturb_one_another(rejected: list[bool], draws: int):
    problems = [Problem(f"p{n}", f"Problem number {n}?", "1") for n in range(len(rejected))]

    def say(request):
        text = request.messages[-1].content
        n = next(n for n in range(len(rejected)) if f"Problem number {n}?" in text)
        if "Proposed" in text:
            return response(f"Verdict: {'wrong' if rejected[n] else 'correct'}")
        return response(f"{n}/{request.draw}")

    solved, policy = solve(say, problems, draws)
    assert [s.response.text for s in solved] == [f"{n}/{d}" for n in range(len(rejected)) for d in range(draws)]
    assert [s.calls for s in solved] == [9 if bad else 4 for bad in rejected for _ in range(draws)]
    assert len([asked for asked in policy.asked if asked]) <= 5  # rounds, not questions


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ("Verdict: correct", True),
        ("**Verdict:** correct.", True),
        ("Verdict: wrong", False),
        ("Verdict: incorrect", False),
        ("First I say Verdict: wrong, but no.\nVerdict: correct", True),
        ("It is correct.", False),
        ("", False),
    ],
)
def test_the_last_verdict_counts_and_none_is_no_pass(text: str, passed: bool):
    assert wot.passes(response(text)) is passed


# Few-shot prompting.


@pytest.fixture
def teaching(tmp_path):
    problems = [Problem(f"p{n}", f"Problem {n}?", str(n)) for n in range(8)]
    rows = [
        {"id": p.id, "reasoning": "Long.", "response": f"It is {p.answer}.", "key": f"k{p.id}"}
        | {"verdict": "wrong" if p.id == "p0" else "correct", "finish_reason": "stop"}
        for p in problems[:6]
    ]
    write_problems(tmp_path / "train.parquet", problems, {})
    write_table(tmp_path / "cots.parquet", pl.DataFrame(rows))
    return tmp_path


def few(folder, seed=0, shots=None, problems=(NEW,)):
    policy = Scripted(lambda request: response("x"))
    arguments = Namespace(train=folder / "train.parquet", cots=folder / "cots.parquet", seed=seed)
    few_shot.solve([(p, 0) for p in problems], policy, spec(shots=shots), arguments)
    return [request.messages for request in policy.asked[0]]


def test_the_question_comes_last_after_examples_asked_like_it(teaching):
    (messages,) = few(teaching, shots=2)
    assert [m.role for m in messages] == ["user", "assistant"] * 2 + ["user"]
    assert messages[-1].content == "Solve it.\n\nNew?"
    number = messages[0].content.removeprefix("Solve it.\n\nProblem ").removesuffix("?")
    assert messages[1].content == f"Long.\n\nIt is {number}."


def test_only_verified_traces_are_examples_and_the_seed_chooses(teaching):
    choices = {tuple(m.content for m in few(teaching, seed=seed)[0]) for seed in range(12)}
    assert len(choices) > 1
    assert not any("Problem 0?" in text for choice in choices for text in choice)
    assert few(teaching, seed=3) == few(teaching, seed=3)


def test_all_problems_see_the_same_examples(teaching):
    one, two = few(teaching, problems=[NEW, Problem("r", "Other?", "1")])
    assert one[:-1] == two[:-1]


def test_too_few_traces_are_said(teaching):
    with pytest.raises(UserError, match="5 problems have a verified CoT, few-shot prompting needs 6"):
        few(teaching, shots=6)
