"""pass@k, maj@k and budgets are what their definitions say, whatever the draws."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion.errors import UserError
from orion.statistics.estimates import majority_at_k, pass_at_k, within_budget


@st.composite
def draws(draw: st.DrawFn) -> tuple[int, int, int]:
    n = draw(st.integers(1, 12))
    return n, draw(st.integers(0, n)), draw(st.integers(1, n))


@given(draws())
def test_pass_at_k_is_the_share_of_k_subsets_with_a_right_draw(case: tuple[int, int, int]) -> None:
    n, c, k = case
    right = [True] * c + [False] * (n - c)
    subsets = list(combinations(right, k))
    assert pass_at_k([n], [c], k)[0] == pytest.approx(sum(any(s) for s in subsets) / len(subsets))


def test_pass_at_1_is_the_mean_and_pass_at_n_is_any() -> None:
    assert pass_at_k([10, 10, 10], [0, 3, 10], 1).tolist() == pytest.approx([0, 0.3, 1])
    assert pass_at_k([10, 10, 10], [0, 1, 10], 10).tolist() == [0, 1, 1]


def test_pass_at_k_does_not_guess_beyond_its_draws() -> None:
    with pytest.raises(UserError, match="pass@11"):
        pass_at_k([10], [3], 11)


def test_pass_at_k_is_exact_for_many_draws() -> None:
    assert pass_at_k([1000], [1], 500)[0] == pytest.approx(0.5)


def test_majority_of_all_draws_is_the_most_frequent_class() -> None:
    classes = np.array([[0, 0, 1], [1, 1, 0], [-1, -1, 0], [-1, -1, -1]])
    assert majority_at_k(classes, classes == 0, 3).tolist() == [1, 0, 1, 0]


def test_a_tie_is_split_evenly() -> None:
    classes = np.array([[0, 1], [0, -1]])
    assert majority_at_k(classes, classes == 0, 2).tolist() == [0.5, 1]


@given(st.lists(st.integers(-1, 3), min_size=5, max_size=5), st.integers(1, 5))
def test_majority_of_k_is_the_mean_over_all_subsets(row: list[int], k: int) -> None:
    def vote(votes: tuple[int, ...]) -> float:
        counts = {v: votes.count(v) for v in votes if v >= 0}
        top = [v for v in counts if counts[v] == max(counts.values())]
        return (0 in top) / len(top) if top else 0.0

    subsets = list(combinations(row, k))
    expected = sum(map(vote, subsets)) / len(subsets)
    assert majority_at_k([row], [[v == 0 for v in row]], k)[0] == pytest.approx(expected)


def test_majority_of_one_is_acc_at_1_also_through_random_subsets() -> None:
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 4, (50, 300))
    value = majority_at_k(classes, classes == 0, 1)  # 300 subsets: more than are enumerated, so they are drawn
    assert value.mean() == pytest.approx((classes == 0).mean(), abs=0.02)


def test_a_right_answer_over_budget_does_not_count() -> None:
    value = within_budget([[True, True, False]], [[10, 11, 1]], 10)
    assert value.tolist() == pytest.approx([1 / 3])
