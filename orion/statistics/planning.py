"""What a comparison could have shown, and what would settle an open one: more draws, more seeds or more problems.

From the variance parts of a `Difference` and its degrees of freedom as they are; read the counts as orders of magnitude
(with two seeds they are pessimistic: more seeds bring degrees of freedom as well).
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from orion.statistics.paired import Difference

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


MOST = 1_000_000  # a count beyond it is no advice; a difference that is 0 but for rounding would ask for 10 to the 30


class Plan(NamedTuple):
    """Shares for `detectable`; counts are None where no number of that kind alone, `MOST` at most, would settle it."""

    detectable: float
    """Smallest true difference that this design finds with the wanted power."""
    draws: int | None
    """Draws a problem (of each method) that would settle a true difference as large as the observed one."""
    seeds: int | None
    """Training seeds of each method, likewise; unknown where only one was run, as nothing says how seeds differ."""
    problems: int | None


def plan(
    difference: Difference,
    draw_noise: float,
    draws: int,
    seeds: int,
    alpha: float = 0.05,
    power: float = 0.8,
) -> Plan:
    """What it would take to tell the two methods apart if the truth is what was observed.

    Args:
        difference: from `paired.compare`.
        draw_noise: the part of the variance that comes from the draws, p(1-p)/(n-1) averaged; see `draw_noise`.
        draws: draws a problem and a seed that were made.
        seeds: training seeds a method that were run.
    """
    from scipy import stats

    parts = difference.spread
    dof = max(parts.dof, 1.0)
    reach = float(stats.t.ppf(1 - alpha / 2, dof) + stats.t.ppf(power, dof))
    detectable = reach * parts.variance**0.5
    wanted = (difference.value / reach) ** 2  # the variance that would settle it
    if wanted <= 0:
        return Plan(detectable, None, None, None)
    noise = min(draw_noise, parts.problems)

    def count(now: int, shrinks: float) -> int | None:
        room = wanted - (parts.variance - shrinks)
        needed = now * shrinks / room if room > 0 else float("inf")
        return max(ceil(needed), now) if needed <= MOST else None

    return Plan(
        detectable,
        count(draws, noise),
        # Every further seed brings draws of its own, so the draws' noise shrinks with it.
        count(seeds, parts.seeds + noise) if seeds > 1 else None,
        count(difference.problems, parts.problems),
    )


def draw_noise(shares: NDArray[np.float64], draws: int) -> float:
    """Variance that the draws add to the mean of one method: sum of p(1-p)/(n-1) over seeds and problems, over count^2.

    Args:
        shares: (seeds, problems) of Acc@1.
        draws: draws a problem and seed; with a single one the noise cannot be told from the problems' own spread: 0.
    """
    return float((shares * (1 - shares)).sum() / (draws - 1) / shares.size**2) if draws > 1 else 0.0
