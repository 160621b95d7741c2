"""What each arm of ORION's table is trained on."""

import polars as pl

from orion.methods import orion
from orion.methods.rows import Row, TrainingSet, shared
from orion.methods.traces import chosen_traces
from orion.types import Message, Problem

PROMPTS = {"question": "Q: {problem}", "question_after_error": "Q: {problem} not: {error}"}
PROBLEMS = [Problem("p", "2 + 2?", "4", r"Two and two. \boxed{4}"), Problem("q", "3 + 3?", "6", "Three twice.")]


def trace(id, key, verdict="correct", finish_reason="stop", response="It is 4."):
    return {"id": id, "key": key, "reasoning": "Hm.", "response": response, "verdict": verdict,
            "finish_reason": finish_reason}  # fmt: skip


COTS = pl.DataFrame(
    [trace("p", "c0", "wrong"), trace("p", "c1"), trace("p", "c2"), trace("q", "c3", finish_reason="length")]
)
ERRORS = pl.DataFrame({"id": ["p", "p"], "response": ["5", "3"], "key": ["e0", "e1"]})


def test_a_verified_trace_stands_for_a_problem_whatever_the_order_of_rows():
    chosen = chosen_traces(COTS)
    assert chosen.keys() == {"p"}
    assert chosen["p"].key in ("c1", "c2") and chosen["p"].text == "Hm.\n\nIt is 4."
    assert chosen_traces(COTS.reverse()) == chosen


def test_matched_arms_keep_the_problems_that_all_have() -> None:
    rows = [Row(id, (Message("user", "?"),), f"{n}") for n, id in enumerate("aabcd")]
    found = shared(TrainingSet(rows), [set("abx"), set("abc")])
    assert [row.id for row in found.rows] == ["a", "a", "b"]
    assert found.dropped == {"not-in-every-arm": 2}


def test_labels_end_in_the_boxed_answer():
    rows = orion.labels(PROMPTS, PROBLEMS).rows
    assert [row.completion for row in rows] == [
        r"Two and two. \boxed{4}", "Three twice.\nThe answer is \\boxed{6}."
    ]  # fmt: skip
    assert rows[0].prompt[0].content == "Q: 2 + 2?"


def test_long_cots_take_the_chosen_trace_and_count_problems_without_one():
    found = orion.cots(PROMPTS, PROBLEMS, COTS)
    assert [(row.id, row.completion) for row in found.rows] == [("p", "Hm.\n\nIt is 4.")]
    assert found.dropped["no-verified-trace"] == 1


def test_refined_rows_hold_no_error_in_the_prompt_and_lead_back_to_their_sources():
    refined = pl.DataFrame(
        [
            {"id": "p", "response": " 2 + 2 = 4 ", "kept": True, "key": "r0", "error_key": "e0", "cot_key": "c1"},
            {"id": "p", "response": "2 + 2 = 4", "kept": True, "key": "r1", "error_key": "e1", "cot_key": "c1"},
            {"id": "p", "response": "no", "kept": False, "key": "r2", "error_key": "e1", "cot_key": "c1"},
        ]
    )
    found = orion.refined(PROMPTS, PROBLEMS, refined)
    assert [(row.prompt[0].content, row.completion, row.sources) for row in found.rows] == [
        ("Q: 2 + 2?", "2 + 2 = 4", ("r0", "e0", "c1"))
    ]
    assert found.dropped == {"duplicate": 1, "no-kept-rewrite": 1}


def test_without_self_reflection_the_error_stands_in_the_prompt_and_the_cot_is_the_target():
    found = orion.cots_after_error(PROMPTS, PROBLEMS, COTS, ERRORS)
    (row,) = found.rows
    assert row.prompt[0].content in ("Q: 2 + 2? not: 5", "Q: 2 + 2? not: 3")
    assert row.completion == "Hm.\n\nIt is 4."
    assert orion.cots_after_error(PROMPTS, PROBLEMS, COTS, ERRORS.reverse()).rows == found.rows
