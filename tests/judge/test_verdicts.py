"""The last line of a judgement is read for what it says, and for nothing that it does not say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion.judge.errors import TYPES
from orion.judge.verdicts import stated

LETTERS = ("A", "B", "C", "D")


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("A is long. B is right.\nChoice: B", "B"),
        ("**Choice:** **C**.", "C"),
        ("Choice: Solution D", "D"),
        ("choice: option B, for its clarity", "B"),
        ("Choice: A\n\nOn second thought\nChoice: D", "D"),
        ("Choice: B\nThat choice was hard.", "B"),
        ("Choice: (B)", "B"),
        ("Choice: E", None),
        ("Choice: a tie", None),
        ("Choice: A or B", None),
        ("Choice: A/B", None),
        ("Choice: A, B", None),
        ("Choice: Both", None),
        ("Choice: A\nChoice: neither", None),
        ("My choice is A", None),
        ("Choice:", None),
        ("", None),
    ],
)
def test_a_letter(text: str, verdict: str | None) -> None:
    assert stated(text, "Choice", LETTERS) == verdict


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("It adds 3 and 4 to 8.\nType: calculation", "calculation"),
        ("Type: **Format or truncation**", "format-or-truncation"),
        ("Type: format/or truncation.", "format-or-truncation"),
        ("type: Reasoning error", "reasoning"),
        ("Type: reasonings", None),
        ("Type: logic", None),
        ("The type: reasoning. \nType: knowledge", "knowledge"),
    ],
)
def test_a_type(text: str, verdict: str | None) -> None:
    assert stated(text, "Type", TYPES) == verdict


@given(st.text(max_size=80), st.sampled_from(TYPES), st.sampled_from(["", "**", "_", " "]))
def test_a_type_is_found_after_any_text(before: str, name: str, mark: str) -> None:
    assert stated(f"{before}\nType: {mark}{name}{mark}", "Type", TYPES) == name


@given(st.text())
def test_any_text_has_a_verdict_that_was_offered_or_none(text: str) -> None:
    for word, offered in (("Choice", LETTERS), ("Type", TYPES)):
        assert stated(f"{word}: {text}", word, offered) in (None, *offered)
