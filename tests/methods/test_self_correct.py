"""The second pass: what a policy makes of its own answers when nobody tells it whether they are right."""

from __future__ import annotations

from argparse import Namespace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion.config.prompts import Prompts
from orion.config.sampling import Decoding
from orion.solvers import SOLVERS, self_correct
from orion.steps import Correction, shown
from orion.types import Problem, Request, Response

QUESTION = "Solve it in steps.\n\n{problem}"
TEXTS = {name: Prompts.model_fields[name].default for name in SOLVERS["self-correct"].prompts}
SUM = Problem("p", "What is 2 * 3 + 4?", "LABEL", "SOLUTION")
ATTEMPT = shown(["2 * 3 = 6", "6 + 4 = 11"]) + "\n<Answer>11</Answer>"
FIXED, WHOLE = Correction("It is 10.", "6 + 4 = 10"), "So it is 10."


class Policy:
    """Says what it is told to, by the kind of question."""

    def __init__(self, **says: str | Response) -> None:
        self.says = {"solve": ATTEMPT, "look": "Wrong step: 2", "correct": str(FIXED), "finish": WHOLE} | says
        self.asked: list[tuple[str, str]] = []

    def request(self, messages, decoding, draw, id):
        return Request("student", messages, decoding.sampling(), draw, {}, id)

    def complete(self, requests):
        return [self._say(request.messages[0].content) for request in requests]

    def _say(self, text: str) -> Response:
        labels = {"Solution to check": "look", "Steps so far": "correct", "begins with these": "finish"}
        kind = next((kind for label, kind in labels.items() if label in text), "solve")
        self.asked.append((kind, text))
        said = self.says[kind]
        return Response(said, "stop", 10, 7, None, 0.5) if isinstance(said, str) else said


def solve(policy: Policy, problems=(SUM,)):
    spec = SimpleNamespace(question=QUESTION, prompts=TEXTS, decoding=Decoding(temperature="0.6", max_tokens=50))
    return self_correct.solve([(problem, 0) for problem in problems], policy, spec, Namespace())


def test_what_it_finds_wrong_is_corrected_and_written_out():
    policy = Policy()
    (solved,) = solve(policy)
    assert [kind for kind, _ in policy.asked] == ["solve", "look", "correct", "finish"]
    assert (solved.response.text, solved.first.text, solved.outcome, solved.calls) == (WHOLE, ATTEMPT, "corrected", 4)
    asked = dict(policy.asked)
    assert asked["solve"] == "Solve it in steps.\n\nWhat is 2 * 3 + 4?"  # as without the second pass
    assert shown(["2 * 3 = 6", "6 + 4 = 11"]) in asked["correct"] and "Step 2 is wrong" in asked["correct"]
    assert shown(["2 * 3 = 6", "6 + 4 = 10"]) in asked["finish"] and asked["solve"] in asked["finish"]


def test_tokens_and_cost_of_all_calls_are_the_rows():
    (solved,) = solve(Policy())
    assert (solved.response.prompt_tokens, solved.response.completion_tokens, solved.response.cost) == (40, 28, 2.0)


def test_there_is_no_oracle():
    policy = Policy()
    solve(policy)
    assert not any("LABEL" in text or "SOLUTION" in text or "Reference" in text for _, text in policy.asked)


@pytest.mark.parametrize(
    ("says", "outcome", "calls"),
    [
        ({"look": "Wrong step: none"}, "no-wrong-step", 2),
        ({"look": "I do not know."}, "no-location", 2),
        ({"look": "Wrong step: 3"}, "no-such-step", 2),
        ({"solve": "<Step 1>\n2 * 3"}, "step-not-closed", 1),
        ({"solve": Response("<Step 1>", "length", 1, 1)}, "cut-off", 1),
        ({"look": Response("Wro", "length", 1, 1)}, "cut-off", 2),
        ({"correct": Response("", "error", 0, 0, None, 0.0, "too-long: x")}, "no-response", 3),
        ({"finish": Response("<Step 1>", "length", 1, 1)}, "cut-off", 4),
        ({"finish": " "}, "no-response", 4),
    ],
)
def test_otherwise_the_attempt_stands(says, outcome: str, calls: int):
    policy = Policy(**says)
    (solved,) = solve(policy)
    first = says.get("solve", ATTEMPT)
    assert solved.response.text == (first if isinstance(first, str) else first.text)
    assert (solved.outcome, solved.calls, len(policy.asked)) == (outcome, calls, calls)


def test_a_correction_without_its_form_is_the_step_as_it_was_written():
    policy = Policy(correct="6 + 4 = 10, of course")
    solve(policy)
    assert shown(["2 * 3 = 6", "6 + 4 = 10, of course"]) in dict(policy.asked)["finish"]


def test_an_answer_in_plain_lines_is_gone_over_too():
    policy = Policy(solve="2 * 3 = 6\n6 + 4 = 11", correct=str(FIXED))
    assert solve(policy)[0].outcome == "corrected"
    assert shown(["2 * 3 = 6", "6 + 4 = 10"]) in dict(policy.asked)["finish"]


@given(st.lists(st.sampled_from(["1", "2", "none", "9", "x"]), min_size=1, max_size=6))
def test_questions_do_not_disturb_one_another(places: list[str]):
    problems = [Problem(f"p{n}", f"Problem {n}?", "1") for n in range(len(places))]

    class Many(Policy):
        def _say(self, text: str) -> Response:
            n = next(n for n in range(len(places)) if f"Problem {n}?" in text)
            self.says["look"], self.says["finish"] = f"Wrong step: {places[n]}", f"whole {n}"
            return super()._say(text)

    solved = solve(Many(), problems)
    for n, (place, one) in enumerate(zip(places, solved, strict=True)):
        assert one.response.text == (f"whole {n}" if place in "12" else ATTEMPT)
