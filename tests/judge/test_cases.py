"""Which errors are looked at: one a problem, cut-off ones too, and none that could not be graded."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from orion.errors import UserError
from orion.judge.cases import choose
from orion.samples import table
from orion.types import Problem
from tests.analysis.folder import sample

PROBLEMS = {("train", f"p{n}"): Problem(f"p{n}", f"Problem {n}?", "4", subject="sums") for n in range(4)}


def samples(*rows: dict[str, Any]) -> pl.DataFrame:
    return table(list(rows))


EXPOSURE = [
    ("train", "t0.4", samples(
        sample("p0", 0, "It is 5", "wrong", "a"),
        sample("p1", 0, "It is 4", "correct", "b"),
        sample("p2", 0, "It is", "wrong", "c", answer=None, truncated=True, finish_reason="length"),
        sample("p3", 0, "It is x", "unverified", "d"),
    )),
    ("train", "t1", samples(
        sample("p0", 0, "It is 6", "wrong", "e"),
        sample("p1", 0, "It is 7", "wrong", "f"),
    )),
]  # fmt: skip


def test_a_problem_gives_at_most_one_error_and_one_right_answer() -> None:
    rows, stats = choose(EXPOSURE, PROBLEMS, 10)
    assert sorted((row["id"], row["right"]) for row in rows) == [
        ("p0", False), ("p1", False), ("p1", True), ("p2", False),
    ]  # fmt: skip
    assert stats["cases"] == {"wrong": 3, "right": 1}
    assert stats["dropped"] == {"unverified": 1}
    assert (stats["in"], stats["problems"], stats["problems_with_errors"]) == (6, 4, 3)
    cut = next(row for row in rows if row["id"] == "p2")
    assert cut["truncated"] and (cut["label"], cut["source"]) == ("4", "t0.4")


def test_a_limit_takes_a_part_of_what_a_larger_one_takes() -> None:
    whole, few = choose(EXPOSURE, PROBLEMS, 10)[0], choose(EXPOSURE, PROBLEMS, 1)[0]
    assert [row["right"] for row in few] == [False, True]
    assert few[0] == whole[0]


def test_the_order_of_the_files_does_not_matter() -> None:
    assert choose(EXPOSURE[::-1], PROBLEMS, 10)[0] == choose(EXPOSURE, PROBLEMS, 10)[0]


def test_samples_of_other_problems_are_refused() -> None:
    with pytest.raises(UserError, match="problem p0 is not among the problems bench"):
        choose([("bench", "sampled", EXPOSURE[0][2])], PROBLEMS, 10)
