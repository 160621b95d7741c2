"""Who is compared with whom, in which order: nothing shows a name, and no place belongs to a method."""

from __future__ import annotations

from collections import Counter
from typing import Any

from orion.judge.preference import (
    PreferenceSpec,
    candidates,
    chosen_texts,
    orders,
    questions,
    same,
    shared_problems,
)
from orion.types import Problem

TEXTS = {
    "label": {"p1": "short one", "p2": "same", "p3": "x"},
    "cots": {"p1": "a much longer text", "p2": "same"},
    "orion": {"p1": "middle text", "p2": "same", "p3": "y"},
}
PROBLEMS = {id: Problem(id, f"What is {id}?", "4") for id in ("p1", "p2", "p3")}


def spec(**preference: Any) -> PreferenceSpec:
    judge = {"source": "embedded", "model": "scripted-judge"}
    given = {"teacher": judge, "max_tokens": 100, "prompt": "{problem}\n{solutions}", "preference": preference}
    return PreferenceSpec.model_validate(given)


def test_problems_are_those_that_all_have_a_choice_that_more_problems_do_not_change() -> None:
    assert set(shared_problems(TEXTS, 10)) == {"p1", "p2"}
    assert shared_problems(TEXTS, 1) == shared_problems(TEXTS, 10)[:1]


def test_a_method_with_several_texts_has_one_whatever_the_order_of_its_rows() -> None:
    rows = [("p1", "one"), ("p1", "two"), ("p1", " "), ("p2", "three ")]
    assert chosen_texts(rows) == chosen_texts(rows[::-1])
    assert chosen_texts(rows)["p2"] == "three"


def test_every_method_stands_first_as_often_as_last() -> None:
    found = candidates(TEXTS, "p1", list(TEXTS))
    four = [[c.methods for c in order] for order in orders(found, "p1", 4)]
    assert four[1] == four[0][::-1] and four[3] == four[2][::-1]
    assert Counter(order[0] for order in four) == Counter(order[-1] for order in four)
    assert four == [[c.methods for c in order] for order in orders(found, "p1", 4)], "the same orders in every run"


def test_questions_show_letters_and_texts_but_no_names() -> None:
    asked = questions(PROBLEMS, TEXTS, spec(orders=2))
    assert Counter(q.about["kind"] for q in asked) == {"choice": 2, "pair": 6}
    for question in asked:
        text = question.messages[0].content
        assert "<solution A>\n" in text and not any(name in text for name in TEXTS)
        for letter, method in zip(question.offered, question.about["shown"], strict=True):
            assert f"<solution {letter}>\n{TEXTS[method]['p1']}\n</solution {letter}>" in text
    pair = [q.about["shown"] for q in asked if set(q.about["shown"]) == {"label", "cots"}]
    assert sorted(pair) == [["cots", "label"], ["label", "cots"]], "both orders"
    by_length = {q.about["longest_over_shortest"] for q in asked if set(q.about["shown"]) == {"label", "cots"}}
    assert by_length == {2.0}


def test_equal_texts_are_shown_once_and_not_asked_about_alone() -> None:
    assert [c.methods for c in candidates(TEXTS, "p2", list(TEXTS))] == ["label+cots+orion"]
    assert all(q.id == "p1" for q in questions(PROBLEMS, TEXTS, spec()))
    alike = same(TEXTS, spec())
    assert Counter(row["kind"] for row in alike) == {"choice": 1, "pair": 3}
    assert all(row["kept"] and row["chosen"] == row["shown"][0] for row in alike)


def test_pairs_can_be_left_out() -> None:
    assert {q.about["kind"] for q in questions(PROBLEMS, TEXTS, spec(pairs=False))} == {"choice"}
