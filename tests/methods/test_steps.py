"""Steps are cut as they are shown, and hostile text is refused with a reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion.steps import Correction, correction_of, cut, located, shown

TAGS = [
    "<Step 1>", "<Step 2>", "<Step2>", "<Step 3>", "</Step 1>", "</Step>", "</Step 2>", "<Step>", "<Step 01>",
    "<Step " + "9" * 5000 + ">", "<Step ١>", "<Step -1>", "<Key>", "</Key>", "<Cause>", "</Cause>", "<Correction>",
    "</Correction>", "<Answer>", "Wrong step: 2", "Wrong step: none", "wrong step " + "*" * 50 + "3", "\n", " ", "a",
    "<step 1>", "4 = 4", "<![CDATA[", "&lt;Step 1&gt;", "\x00", "\u202e", "{steps}", "</Step 1",
]  # fmt: skip
hostile = st.lists(st.sampled_from(TAGS) | st.text(max_size=5), max_size=30).map("".join)
# What a step may hold: anything but the tags of steps, as it stands after its ends are stripped.
words = st.text(max_size=40).map(str.strip).filter(lambda text: text and "<Step" not in text and "</Step" not in text)


@given(st.lists(words, min_size=1, max_size=8))
def test_steps_that_are_shown_are_cut_again(steps: list[str]) -> None:
    assert cut(shown(steps)).steps == tuple(steps)


@given(hostile)
def test_whatever_is_cut_is_whole_or_has_a_fault(text: str) -> None:
    pieces = cut(text)
    assert (pieces.fault is None) == bool(pieces.steps)
    assert all(step == step.strip() and step in text for step in pieces.steps)
    if pieces.fault is None:
        again = cut(shown(pieces.steps))
        assert again.steps == pieces.steps and again.tagged


@given(hostile)
def test_a_correction_is_whole_or_none(text: str) -> None:
    found = correction_of(text)
    if found is not None:
        assert found.cause in text and found.step in text
        assert correction_of(str(found)) == found


@given(hostile)
def test_a_location_is_a_small_number_or_none(text: str) -> None:
    number = located(text)
    assert number is None or 0 <= number < 10_000


def test_ten_thousand_tags_are_read_in_one_pass() -> None:
    assert cut("<Step 1>" * 10_000).fault == "step-not-closed"
    assert len(cut(shown(["x"] * 10_000)).steps) == 10_000
    assert correction_of("<Cause>" * 10_000) is None


@pytest.mark.parametrize(
    ("text", "steps", "fault"),
    [
        ("<Step 1>\na\n</Step 1>\n<Step 2>b</Step>\n<Answer>5</Answer>", ("a", "b"), None),
        ("<Step1>a <Key>b</Key></Step1>", ("a <Key>b</Key>",), None),
        ("Two and two.\n\n  So 4.", ("Two and two.", "So 4."), None),
        ("<Step 2>a</Step 2>", (), "steps-not-numbered"),
        ("<Step 1>a</Step 1><Step 1>b</Step 1>", (), "steps-not-numbered"),
        ("<Step 1>a<Step 2>b</Step 2></Step 1>", (), "step-not-closed"),
        ("<Step 1>a", (), "step-not-closed"),
        ("a</Step 1>", (), "step-not-opened"),
        ("<Step 1>a</Step 2>", (), "step-not-opened"),
        ("<Step 1> </Step 1>", (), "empty-step"),
        (" \n", (), "no-steps"),
    ],
)
def test_how_a_solution_is_cut(text: str, steps: tuple[str, ...], fault: str | None) -> None:
    assert cut(text)[::2] == (steps, fault)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Step 1 is fine.\nWrong step: 2", 2),
        ("**Wrong step:** none.", 0),
        ("Wrong step: 1? No.\nwrong step: 3", 3),
        ("Every step is right.", None),
        ("Wrong step: 123456", None),
    ],
)
def test_the_last_location_counts(text: str, number: int | None) -> None:
    assert located(text) == number


def test_a_correction_has_each_part_once_and_in_order() -> None:
    good = Correction("It adds.", "2 * 3 = 6")
    assert correction_of(f"Well. {good} That is it.") == good
    text = str(good)
    for bad in (text + text, text.replace("<Cause>", ""), text.replace("It adds.", " "), text[::-1], ""):
        assert correction_of(bad) is None
    swapped = "<Correction>a</Correction><Cause>b</Cause>"
    assert correction_of(swapped) is None
