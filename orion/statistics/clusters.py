"""Means over rows that come in clusters: several CoTs of a problem resemble each other (METHODS 6).

Problems are the clusters. A mean over all rows is then a ratio of sums over problems, of as many rows each as there
are; its variance is the linearised one of survey statistics. Shares get Wilson's interval with the effective number of
observations, as the scores of the tables do; other means get a t interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from orion.statistics.intervals import quantile, wilson


class Mean(NamedTuple):
    """`rows` in `clusters`; the numbers are None where there are no rows, the ends also where there is one cluster."""

    value: float | None
    low: float | None
    high: float | None
    rows: int
    clusters: int


def mean(
    values: Sequence[float],
    clusters: Sequence[str],
    *,
    weights: Sequence[float] | None = None,
    share: bool = False,
    confidence: float = 0.95,
) -> Mean:
    """The mean of the rows' values, with the interval that their clusters allow.

    Args:
        values: one a row; with `weights` the mean is sum(values) / sum(weights), as nats of a text over its tokens.
        clusters: which cluster each row belongs to.
        share: the values are in [0, 1], and so is the interval.
    """
    import numpy as np

    if not len(values):
        return Mean(None, None, None, 0, 0)
    _, which = np.unique(np.asarray(clusters, dtype=object).astype(str), return_inverse=True)
    count = int(which.max()) + 1
    y = np.bincount(which, np.asarray(values, dtype=float), count)
    x = np.bincount(which, None if weights is None else np.asarray(weights, dtype=float), count).astype(float)
    value = float(y.sum() / x.sum())
    if count < 2:
        return Mean(value, None, None, len(values), count)
    variance = count / (count - 1) * float(((y - value * x) ** 2).sum()) / float(x.sum()) ** 2
    q = quantile(confidence, count - 1)
    if not share:
        half = q * variance**0.5
        return Mean(value, value - half, value + half, len(values), count)
    mixed = variance > 0 and 0 < value < 1
    effective = min(value * (1 - value) / variance, float(len(values))) if mixed else float(count)
    return Mean(value, *wilson(value, effective, q), len(values), count)
