"""Means over rows in clusters: the right value, an interval that clusters widen, and one that covers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion.statistics.clusters import mean
from orion.statistics.intervals import score

SHARES = st.lists(st.tuples(st.sampled_from("abcde"), st.floats(0, 1)), min_size=1, max_size=30)


def test_a_mean_of_rows_and_its_interval_by_hand() -> None:
    # Problems a (1, 3), b (5), c (3): mean 3; residuals by problem -2, 2, 0; variance 3/2 * 8 / 16 = 0.75.
    found = mean([1, 3, 5, 3], ["a", "a", "b", "c"])
    assert (found.value, found.rows, found.clusters) == (3, 4, 3)
    assert found.high is not None and found.high - 3 == pytest.approx(4.302653 * 0.75**0.5, rel=1e-6)


def test_weights_make_it_a_ratio_of_sums() -> None:
    assert mean([2, 4], ["a", "b"], weights=[2, 1]).value == 2


def test_one_row_a_problem_is_what_the_tables_do() -> None:
    values = np.random.default_rng(0).binomial(1, 0.3, 40).astype(float)
    ours, theirs = mean(values.tolist(), [str(i) for i in range(40)], share=True), score([values[None]])
    assert (ours.value, ours.low, ours.high) == pytest.approx((theirs.value, theirs.low, theirs.high))


def test_repeating_the_rows_of_a_problem_does_not_narrow_the_interval() -> None:
    once = mean([0.0, 1.0, 1.0], ["a", "b", "c"], share=True)
    often = mean([0.0, 1.0, 1.0] * 50, ["a", "b", "c"] * 50, share=True)
    assert often[:3] == pytest.approx(once[:3])


def test_nothing_and_a_single_problem_have_no_interval() -> None:
    assert mean([], []) == (None, None, None, 0, 0)
    assert mean([1.0, 0.0], ["a", "a"], share=True) == (0.5, None, None, 2, 1)


def test_shares_that_are_all_alike_still_leave_doubt() -> None:
    low = mean([1.0] * 10, [str(i) for i in range(10)], share=True).low
    assert low is not None and 0.6 < low < 0.75


@given(SHARES)
def test_the_interval_of_a_share_holds_it_and_stays_in_range(rows: list[tuple[str, float]]) -> None:
    found = mean([value for _, value in rows], [cluster for cluster, _ in rows], share=True)
    if found.low is not None and found.high is not None and found.value is not None:
        assert 0 <= found.low <= found.value <= found.high <= 1


def test_clustered_shares_are_covered() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(1000):
        sizes = rng.integers(1, 6, 60)
        which = np.repeat(np.arange(60), sizes)
        rows = rng.binomial(1, np.repeat(rng.beta(0.6, 0.6, 60), sizes))
        found = mean(rows.tolist(), which.astype(str).tolist(), share=True)
        assert found.low is not None and found.high is not None
        hits += found.low <= 0.5 <= found.high
    assert 0.92 <= hits / 1000 <= 0.98
