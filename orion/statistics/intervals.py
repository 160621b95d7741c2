"""Error bars: how far the mean over problems, draws and training seeds may be from the truth (METHODS 6).

Problems are the clusters: the draws of a problem resemble each other, so that 30 problems with 10 draws are nearer to
30 observations than to 300. Training seeds are a level above, crossed with problems (every adapter meets the same
problems). The bootstrap that resamples both levels has, for a mean, a variance in closed form; we compute that one,
without resampling noise and with the bias of the plain bootstrap taken out, from the two-way mean squares.

The interval around the mean is Wilson's with the effective number of observations p(1-p)/variance (Korn and Graubard's
idea for surveys) and a t quantile. We chose it by simulation, `python -m bench.intervals`. In the middle of the range
it covers 93 to 97%, as the percentile bootstrap does. Where nearly all of 30 problems are hard (mean 0.05), it covers
95% with one draw and 89% with ten, the bootstrap 77% and 84%; taking 300 samples for 300 observations would cover 56%.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Values = NDArray[np.float64]  # (seeds, problems) of one benchmark


class Spread(NamedTuple):
    """The variance of an estimate, in its parts, and the degrees of freedom that Satterthwaite gives it."""

    variance: float
    dof: float
    problems: float
    """Part that more problems would shrink (it holds the noise of the draws as well)."""
    seeds: float
    """Part that more training seeds would shrink."""


class Score(NamedTuple):
    """A mean with its interval, all shares. `problems` and `seeds` are what it rests on."""

    value: float
    low: float
    high: float
    problems: int
    seeds: int
    spread: Spread


def mean(benchmarks: Sequence[Values]) -> float:
    """The unweighted mean over benchmarks of the mean over seeds and problems."""
    return float(sum(float(values.mean()) for values in benchmarks) / len(benchmarks))


def _seed_part(benchmarks: Sequence[Values]) -> tuple[float, list[tuple[float, float]]]:
    """Variance through the choice of training seeds, and its (mean square, dof) terms; 0 with one seed.

    The seeds' own means also hold problem-by-seed noise, which the problems' part counts already: it is taken off.
    """
    import numpy as np

    seeds = benchmarks[0].shape[0]
    if seeds < 2:
        return 0.0, []
    share = 1 / len(benchmarks)
    between = float(np.var(share * sum(values.mean(axis=1) for values in benchmarks), ddof=1)) / seeds
    terms = [(between, seeds - 1.0)]
    noise = 0.0
    for values in benchmarks:
        problems = values.shape[1]
        if problems < 2:
            continue
        rest = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0, keepdims=True) + values.mean()
        dof = (seeds - 1.0) * (problems - 1.0)
        term = share**2 * float((rest**2).sum()) / dof / (seeds * problems)
        noise += term
        terms.append((term, dof))
    return (between - noise, terms) if between > noise else (0.0, [])


def spread(benchmarks: Sequence[Values], against: Sequence[Values] | None = None) -> Spread:
    """Variance of `mean(benchmarks)`, or of its difference to `mean(against)` on the same problems.

    Args:
        benchmarks: one (seeds, problems) array a benchmark, the same seeds in each.
        against: the same for the method compared with; its number of seeds may differ, its problems may not.
    """
    import numpy as np

    share = 1 / len(benchmarks)
    by_problem = [values.mean(axis=0) for values in benchmarks]
    if against is not None:
        by_problem = [a - b.mean(axis=0) for a, b in zip(by_problem, against, strict=True)]
    terms: list[tuple[float, float]] = []
    for values in by_problem:
        if len(values) > 1:
            terms.append((share**2 * float(np.var(values, ddof=1)) / len(values), len(values) - 1.0))
    problems = sum(variance for variance, _ in terms)
    seeds = 0.0
    for side in (benchmarks, against):
        if side is not None:
            part, more = _seed_part(side)
            seeds += part
            terms += more
    total = problems + seeds
    scale = sum(variance**2 / dof for variance, dof in terms)
    fallback = float(sum(len(values) - 1 for values in by_problem))
    return Spread(total, total**2 / scale if scale > 0 else fallback, problems, seeds)


def quantile(confidence: float, dof: float) -> float:
    """Two-sided t quantile; infinite without degrees of freedom."""
    from scipy import stats

    return float(stats.t.ppf(0.5 + confidence / 2, dof)) if dof > 0 else float("inf")


def amount(benchmarks: Sequence[Values], confidence: float = 0.95) -> Score:
    """The mean of values of any size that are not negative, such as tokens, with its t interval."""
    value, parts = mean(benchmarks), spread(benchmarks)
    half = quantile(confidence, parts.dof) * parts.variance**0.5
    problems = sum(values.shape[1] for values in benchmarks)
    return Score(value, max(value - half, 0.0), value + half, problems, benchmarks[0].shape[0], parts)


def score(benchmarks: Sequence[Values], confidence: float = 0.95, observations: int | None = None) -> Score:
    """The mean of values in [0, 1] with its interval.

    Args:
        benchmarks: one (seeds, problems) array a benchmark; several are averaged without weights.
        confidence: nominal coverage.
        observations: number of single samples behind the values, the most that the effective number may be;
            None takes seeds times problems.
    """
    seeds, problems = benchmarks[0].shape[0], sum(values.shape[1] for values in benchmarks)
    value = min(max(mean(benchmarks), 0.0), 1.0)
    parts = spread(benchmarks)
    q = quantile(confidence, parts.dof)
    if q == float("inf"):
        return Score(value, 0.0, 1.0, problems, seeds, parts)
    if parts.variance > 0 and 0 < value < 1:
        effective = min(value * (1 - value) / parts.variance, observations or seeds * problems)
    else:  # all alike: the problems alone say how sure one may be, however many draws and seeds agreed
        effective = float(problems)
    return Score(value, *wilson(value, effective, q), problems, seeds, parts)


def wilson(value: float, effective: float, q: float) -> tuple[float, float]:
    """Wilson's interval of a share that rests on so many observations, for a quantile."""
    width = 1 + q**2 / effective
    middle = (value + q**2 / (2 * effective)) / width
    half = q / width * (value * (1 - value) / effective + q**2 / (4 * effective**2)) ** 0.5
    # Rounding must not push an end past the value or the scale.
    return max(min(middle - half, value), 0.0), min(max(middle + half, value), 1.0)
