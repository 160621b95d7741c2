"""Is one method better than another? Paired over the problems both answered (METHODS 6).

The test flips the signs of the per-problem differences: if the methods are alike, each difference might as well have
been its negative. It assumes no distribution, keeps its level with 30 problems, and is exact where few problems differ.
Where methods were trained with several seeds, a difference must also stand against another choice of seeds: the p value
is then the larger one of the sign-flip test and of a t test whose variance holds the seeds as a level above.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from orion.errors import UserError
from orion.statistics.intervals import Spread, mean, quantile, spread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Values = NDArray[np.float64]  # (seeds, problems) of one benchmark

FLIPS = 20_000  # random sign patterns; the smallest p is 1 / (FLIPS + 1)
EXACT = 14  # up to so many differing problems all 2**n patterns are counted


class Difference(NamedTuple):
    """`value` is first minus second (shares), with its interval and the two-sided p value, uncorrected."""

    value: float
    low: float
    high: float
    p: float
    problems: int
    better: int
    """Problems on which the first method's value is higher."""
    worse: int
    spread: Spread


def sign_flip(differences: NDArray[np.float64], flips: int = FLIPS, seed: int = 0) -> float:
    """Two-sided p value of sum(differences) != 0 under random signs; exact where at most `EXACT` of them are not 0."""
    import numpy as np

    moved = differences[differences != 0]
    if not len(moved):
        return 1.0
    observed = abs(float(moved.sum())) - 1e-9 * float(np.abs(moved).sum())
    if len(moved) <= EXACT:
        bits = np.arange(2 ** len(moved))[:, None] >> np.arange(len(moved))
        return float((np.abs((1 - 2 * (bits & 1)) @ moved) >= observed).mean())
    rng = np.random.default_rng(seed)
    beyond, left = 0, flips
    while left:
        rows = min(left, max(1, 4_000_000 // len(moved)))  # at most 32 MB at a time
        signs = np.unpackbits(rng.integers(0, 256, (rows, -(-len(moved) // 8)), dtype=np.uint8), axis=1)
        beyond += int((np.abs(moved.sum() - 2 * (signs[:, : len(moved)] @ moved)) >= observed).sum())
        left -= rows
    return (beyond + 1) / (flips + 1)


def compare(
    first: Sequence[Values],
    second: Sequence[Values],
    confidence: float = 0.95,
    draws: int = 1,
    flips: int = FLIPS,
) -> Difference:
    """Two methods on the same problems, one (seeds, problems) array a benchmark; benchmarks weigh the same.

    `draws` is how many samples a value averages: 10 for Acc@1 of ten draws, 1 for pass@k and maj@k.

    Raises:
        UserError: the two do not have the same benchmarks and problems.
    """
    import numpy as np
    from scipy import stats

    if [values.shape[1] for values in first] != [values.shape[1] for values in second]:
        raise UserError("a paired comparison needs both methods on the same problems of the same benchmarks")
    differences = [a.mean(axis=0) - b.mean(axis=0) for a, b in zip(first, second, strict=True)]
    value = mean(first) - mean(second)
    parts = spread(first, second)
    p = sign_flip(np.concatenate([d / len(d) for d in differences]), flips)
    if max(first[0].shape[0], second[0].shape[0]) > 1 and parts.variance > 0:
        p = max(p, float(2 * stats.t.sf(abs(value) / parts.variance**0.5, parts.dof)))
    low, high = interval(differences, value, parts, confidence, draws)
    together = np.concatenate(differences)
    better, worse = int((together > 0).sum()), int((together < 0).sum())
    return Difference(value, low, high, p, len(together), better, worse, parts)


def interval(
    differences: Sequence[NDArray[np.float64]], value: float, parts: Spread, confidence: float, draws: int
) -> tuple[float, float]:
    """Interval of a mean difference, from the t distribution.

    As Bonett and Price do for paired shares, the variance of one problem lost and one won (by one draw) is added to
    each benchmark: a handful of problems without any difference does not prove that there is none.
    """
    doubt = sum(2 / (len(d) + 2) ** 2 for d in differences) / len(differences) ** 2 / draws
    half = quantile(confidence, parts.dof) * (parts.variance + doubt) ** 0.5
    return max(value - half, -1.0), min(value + half, 1.0)


def holm(p: Sequence[float]) -> list[float]:
    """Holm's adjusted p values of one family of tests, in the order given."""
    adjusted = [0.0] * len(p)
    highest = 0.0
    for rank, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        highest = max(highest, min((len(p) - rank) * p[i], 1.0))
        adjusted[i] = highest
    return adjusted
