"""Refinement keeps what may be trained on, and says of everything else why not."""

import pytest

from orion.config.sampling import Refinement
from orion.refinement import equations, mark, statistics, tasks
from orion.types import Problem

COT = "First 4 boxes of 6 make 4 * 6 = 24. Then 24 + 5 = 29, so the answer is 29."


def rewrite(response="4 * 6 = 24, 24 + 5 = 29.", id="p", **more):
    row = {"id": id, "response": response, "answer": "29", "verdict": "correct", "finish_reason": "stop"}
    return row | {"truncated": False, "cot": COT} | more


def reasons(*rows, **spec):
    rows = list(rows)
    mark(rows, Refinement(max_tokens=10, **spec))
    return [row["why_not"] for row in rows]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (rewrite(), None),
        (rewrite(verdict="wrong"), "wrong-answer"),
        (rewrite(verdict="unverified"), "unverified"),
        (rewrite(answer=None, verdict="wrong"), "no-answer"),
        (rewrite(truncated=True), "cut-off"),
        (rewrite(finish_reason="error", answer=None), "not-sampled"),
        (rewrite("As the reference says, it is 29."), "mentions-reference"),
        (rewrite("The previous solution forgot the 5; it is 29."), "mentions-reference"),
        (rewrite("29. In this response, I corrected the error in the original text."), "mentions-reference"),
        (rewrite(COT), "copies-reference"),
    ],
)
def test_every_rewrite_has_its_reason(row, reason):
    assert reasons(row) == [reason]


def test_duplicates_and_a_bound_a_problem():
    assert reasons(rewrite("a 29"), rewrite("a 29"), rewrite("b 29"), max_per_problem=1) == [
        None, "duplicate", "over-max-per-problem"
    ]  # fmt: skip


def test_the_leak_filter_can_be_switched_off():
    assert reasons(rewrite(COT), rewrite("The reference says 29."), leak_filter=False) == [None, None]


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("6 * 7 = 42", [True]),
        ("6 * 7 = 54", [False]),
        ("6 x 7 = 42, then 42 + 1 = 44", [True, False]),
        ("1,200 + 1 = 1,201", [True]),
        ("10 / 2 = 5", [True]),
        ("10 / 3 = 3", [False]),
        ("7 / 2 = 3.5", []),  # not between whole numbers
        ("2 + 3 * 4 = 14", []),  # a chain is not read
        ("no equation", []),
    ],
)
def test_equations_are_checked_where_the_config_says_so(text, held):
    assert equations(text) == held
    false = None if all(held) else "false-equation"
    assert reasons(rewrite(text)) == [None]
    assert reasons(rewrite(text), equations="true") == [false]
    assert reasons(rewrite(text), equations="required") == [false if held else "no-equation"]


def cots(*rows):
    import polars as pl

    blank = {"reasoning": "hm", "response": "29", "verdict": "correct", "finish_reason": "stop"}
    return pl.DataFrame([blank | row for row in rows])


def test_a_task_an_error_and_none_for_problems_without_a_verified_trace():
    import polars as pl

    problems = [Problem("p", "?", "29"), Problem("q", "??", "3")]
    traces = cots({"id": "p", "key": "c1"}, {"id": "q", "key": "c2", "verdict": "wrong"})
    errors = pl.DataFrame(
        [{"id": i, "response": f"wrong {n}", "key": f"e{n}", "temperature": "t1"} for n, i in enumerate("ppq")]
    )
    found = tasks(problems, traces, errors)
    assert [(task.problem.id, task.error, task.cot_key) for task in found] == [
        ("p", "wrong 0", "c1"), ("p", "wrong 1", "c1")
    ]  # fmt: skip
    assert [task.error for task in tasks(problems, traces, None)] == [None]


def test_statistics_count_problems_that_keep_one():
    rows = [rewrite("a 29"), rewrite("b 29"), rewrite(id="q", verdict="wrong")]
    mark(rows, Refinement(max_tokens=10))
    stats = statistics(rows, problems=4, with_task=2)
    assert (stats["in"], stats["out"], stats["problems_kept"], stats["coverage"]) == (3, 2, 1, 0.25)
    assert stats["dropped"] == {"wrong-answer": 1}
