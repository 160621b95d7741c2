"""`python -m orion.analysis.stability`: mean and variance of accuracy over repeated runs on hard problems
(SuperCorrect's figure of stability: 300 problems of the hardest level, 256 runs).

Inputs: results/{student}/{method}/seed{n}/scores.parquet. Run r is the r-th draw of every chosen problem: its accuracy
is one number, and there are as many as draws. The mean has its interval over problems, the standard deviation that of
runs that vary like normal ones (chi-square). Raise the draws of a decoding for more runs; none is generated twice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion.analysis.program import place, run
from orion.config.analysis import Hard
from orion.types import digest

if TYPE_CHECKING:
    import polars as pl

CONFIDENCE = 0.95
TEXTS = ("method", "seed", "benchmark", "decoding", "levels")
NUMBERS = ("mean", "low", "high", "variance", "deviation", "deviation_low", "deviation_high")


class StabilitySpec(Hard):
    """Hard problems, and the decoding that is looked at."""

    decoding: str


def hardest(levels: Sequence[str | None]) -> list[str]:
    """The highest level, by the number in its name; none where the problems have no such levels."""
    found = {level: int(match[0]) for level in levels if level and (match := re.search(r"[0-9]{1,6}", level))}
    return [max(found, key=lambda level: found[level])] if found else []


def over_runs(correct: Sequence[Sequence[bool]], ids: Sequence[str]) -> dict[str, Any]:
    """Numbers of a matrix of verdicts, a row a problem, a column a run."""
    import numpy as np
    from scipy import stats

    from orion.statistics.clusters import mean

    matrix = np.array(correct, dtype=float)
    problems, runs = matrix.shape
    accuracy = mean(matrix.ravel().tolist(), [id for id in ids for _ in range(runs)], share=True)
    found: dict[str, Any] = dict.fromkeys(NUMBERS) | {
        "problems": problems, "runs": runs, "mean": accuracy.value, "low": accuracy.low, "high": accuracy.high
    }  # fmt: skip
    if runs > 1:
        variance = float(matrix.mean(axis=0).var(ddof=1))
        found |= {"variance": variance, "deviation": variance**0.5}
        ends = stats.chi2.ppf([(1 + CONFIDENCE) / 2, (1 - CONFIDENCE) / 2], runs - 1)
        low, high = ((variance * (runs - 1) / float(end)) ** 0.5 for end in ends)
        found |= {"deviation_low": low, "deviation_high": high}
    return found


def chosen(scores: pl.DataFrame, spec: StabilitySpec) -> tuple[pl.DataFrame, list[str]]:
    """The rows of one benchmark's hard problems, and the levels that they are of."""
    import polars as pl

    levels = spec.levels or hardest(scores["level"].to_list())
    rows = scores.filter(pl.col("level").is_in(levels)) if levels else scores
    if rows.height > spec.problems:
        picked = sorted(rows["id"].to_list(), key=lambda id: digest(["stability", id]))[: spec.problems]
        rows = rows.filter(pl.col("id").is_in(picked))
    return rows, levels


def build(paths: Sequence[Path], spec: str = "{}") -> pl.DataFrame:
    """A row a method, seed and benchmark. Columns: method, seed, benchmark, decoding, levels (empty: all problems),
    problems, runs, mean, low, high, variance, deviation, deviation_low, deviation_high."""
    import polars as pl

    from orion.files import read_table

    wanted = StabilitySpec.parse(spec)
    rows = []
    for path in paths:
        where = place(path)
        table = read_table(path).filter(decoding=wanted.decoding)
        for (benchmark,), scores in table.group_by("benchmark", maintain_order=True):
            if wanted.benchmarks is not None and benchmark not in wanted.benchmarks:
                continue
            hard, levels = chosen(scores, wanted)
            if not hard.height:
                continue
            about = (where.method, where.seed, benchmark, wanted.decoding, ", ".join(levels))
            rows.append(
                dict(zip(TEXTS, about, strict=True)) | over_runs(hard["correct"].to_list(), hard["id"].to_list())
            )
    schema: dict[str, Any] = dict.fromkeys(TEXTS, pl.String) | dict.fromkeys(("problems", "runs"), pl.Int64)
    return pl.DataFrame(rows, schema=schema | dict.fromkeys(NUMBERS, pl.Float64), orient="row")


if __name__ == "__main__":
    run("stability", __doc__, build)
