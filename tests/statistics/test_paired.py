"""Tests keep their level, find what is there, and say what would settle the rest."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion.errors import UserError
from orion.statistics.paired import compare, holm, sign_flip
from orion.statistics.planning import draw_noise, plan


def rejections(
    problems: int, draws: int, gain: float = 0.0, seeds: int = 1, seed_sd: float = 0.0, n: int = 400
) -> float:
    """Share of repetitions with p <= 0.05, for two methods whose problems are alike in difficulty but for `gain`."""
    rng = np.random.default_rng(problems + draws)
    found = 0
    for _ in range(n):
        base = rng.beta(0.5, 0.8, problems)
        values = []
        for lift in (gain, 0.0):
            p = np.clip(base + lift * (1 - base) + rng.normal(0, seed_sd, (seeds, 1)), 0, 1)
            values.append(rng.binomial(draws, p, (seeds, problems)) / draws)
        found += compare([values[0]], [values[1]], draws=draws, flips=999).p <= 0.05
    return found / n


@pytest.mark.parametrize("problems", [30, 40, 500])
@pytest.mark.parametrize("draws", [1, 10])
def test_equal_methods_are_separated_in_at_most_five_of_a_hundred(problems: int, draws: int) -> None:
    assert rejections(problems, draws) <= 0.05 + 3 * (0.05 * 0.95 / 400) ** 0.5


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_seeds_that_differ_by_luck_are_no_finding(seeds: int) -> None:
    assert rejections(200, 4, seeds=seeds, seed_sd=0.05) <= 0.05 + 3 * (0.05 * 0.95 / 400) ** 0.5


def test_with_one_seed_luck_would_be_a_finding() -> None:
    assert rejections(200, 4, seeds=1, seed_sd=0.05) > 0.2


def test_a_large_gain_is_found() -> None:
    assert rejections(30, 10, gain=0.4) > 0.9
    assert rejections(500, 1, gain=0.2) > 0.9


def test_pairing_is_what_makes_it_sensitive() -> None:
    """Ten problems won and none lost among 500 is clear, though the two scores' intervals overlap widely."""
    first = np.array([[1.0] * 250 + [0.0] * 250])
    second = first.copy()
    second[0, :10] = 0
    assert compare([first], [second]).p < 0.01


def test_few_differing_problems_are_counted_exactly() -> None:
    assert sign_flip(np.array([1.0] * 5 + [0.0] * 25)) == pytest.approx(2 / 2**5)
    assert sign_flip(np.zeros(30)) == 1.0


def test_random_and_exact_flips_agree() -> None:
    rng = np.random.default_rng(1)
    d = rng.normal(0.3, 1, 14)
    noise = np.full(1, 1e-12)  # a fifteenth difference, too small to matter, turns enumeration off
    assert sign_flip(np.concatenate([d, noise])) == pytest.approx(sign_flip(d), abs=0.02)


@given(st.lists(st.sampled_from([-1.0, -0.1, 0.0, 0.1, 1.0]), min_size=1, max_size=40))
def test_a_comparison_is_the_same_from_both_sides(differences: list[float]) -> None:
    first, second = np.clip([differences], 0, 1), np.clip([[-d for d in differences]], 0, 1)
    one, other = compare([first], [second], flips=500), compare([second], [first], flips=500)
    assert one.value == pytest.approx(-other.value)
    assert one.p == pytest.approx(other.p)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))
    assert one.low <= one.value <= one.high


def test_no_difference_in_thirty_problems_is_no_proof_of_none() -> None:
    found = compare([np.zeros((1, 30))], [np.zeros((1, 30))])
    assert found.p == 1 and found.low < -0.05 and found.high > 0.05


def test_methods_must_have_met_the_same_problems() -> None:
    with pytest.raises(UserError, match="same problems"):
        compare([np.zeros((1, 30))], [np.zeros((1, 40))])


def test_holm_is_the_textbooks() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=20))
def test_holm_never_helps_and_keeps_the_order(p: list[float]) -> None:
    adjusted = holm(p)
    assert all(a >= b for a, b in zip(adjusted, p, strict=True))
    order = sorted(range(len(p)), key=lambda i: p[i])
    assert sorted(adjusted) == [adjusted[i] for i in order]


def _methods(rng: np.random.Generator, problems: int, draws: int, seeds: int) -> list[np.ndarray]:
    base = rng.beta(0.5, 0.8, problems)
    gains = (0.06, 0.0)
    return [rng.binomial(draws, base + gain * (1 - base), (seeds, problems)) / draws for gain in gains]


def test_the_detectable_difference_is_found_with_the_promised_power() -> None:
    rng = np.random.default_rng(5)
    a, b = _methods(rng, 200, 4, 1)
    difference = compare([a], [b], draws=4)
    design = plan(difference, draw_noise(a, 4) + draw_noise(b, 4), 4, 1)
    found = 0
    for _ in range(300):
        base = rng.beta(0.5, 0.8, 200) * (1 - design.detectable)
        values = [rng.binomial(4, base + gain, (1, 200)) / 4 for gain in (design.detectable, 0)]
        found += compare([values[0]], [values[1]], flips=999).p <= 0.05
    assert 0.7 <= found / 300 <= 0.95


def test_draws_that_would_settle_it_do_settle_it() -> None:
    """Where only the draws are noise (the gain is the same everywhere), the promised number gives 80% power."""
    rng = np.random.default_rng(7)
    base = rng.beta(1, 1, 100) * 0.9

    def methods(draws: int) -> list[np.ndarray]:
        return [rng.binomial(draws, base + gain, (1, 100)) / draws for gain in (0.05, 0.0)]

    needed = []
    for _ in range(40):
        a, b = methods(2)
        truth = compare([a], [b], draws=2, flips=99)._replace(value=0.05)
        needed.append(plan(truth, draw_noise(a, 2) + draw_noise(b, 2), 2, 1).draws)
    median = sorted(n for n in needed if n is not None)[sum(n is not None for n in needed) // 2]
    trials = [compare(*([values] for values in methods(median)), draws=median, flips=999).p for _ in range(200)]
    power = np.mean([p <= 0.05 for p in trials])
    assert 0.6 <= power <= 0.98


def test_no_difference_can_not_be_settled_by_any_number() -> None:
    same = np.array([[0.5, 0.1, 0.9]])
    assert plan(compare([same], [same]), 0.0, 10, 1)[1:] == (None, None, None)


def test_a_difference_that_is_none_but_for_rounding_asks_for_no_number_of_thirty_digits() -> None:
    rng = np.random.default_rng(11)
    a, b = _methods(rng, 80, 4, 2)
    nothing = compare([a], [b], draws=4, flips=99)._replace(value=-1.4e-17)
    assert plan(nothing, draw_noise(a, 4) + draw_noise(b, 4), 4, 2)[1:] == (None, None, None)
