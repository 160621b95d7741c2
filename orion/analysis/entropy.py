"""`python -m orion.analysis.entropy`: entropy during training, a method at a time, with the training seeds as a band.

Inputs: results/{student}/{method}/seed{n}/{stage}/training_log.parquet. The entropy of a step is the mean over its
completion tokens of -sum p log p over the whole vocabulary, in nats (ORION's analysis: lower and steadier for ORION).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from orion.analysis.program import place, run

if TYPE_CHECKING:
    import polars as pl


def build(paths: Sequence[Path], spec: str = "{}") -> pl.DataFrame:
    """Columns: method, stage, step, seeds, mean, low, high (over seeds)."""
    import polars as pl

    from orion.files import read_table

    logs = []
    for path in paths:
        where = place(path)
        log = read_table(path).select("step", pl.col("entropy").cast(pl.Float64))
        labels = {"method": where.method, "stage": where.stage, "seed": where.seed}
        logs.append(log.with_columns(pl.lit(value).alias(name) for name, value in labels.items()))
    entropy = pl.col("entropy")
    return (
        pl.concat(logs)
        .drop_nulls("entropy")
        .group_by("method", "stage", "step", maintain_order=True)
        .agg(seeds=pl.col("seed").n_unique(), mean=entropy.mean(), low=entropy.min(), high=entropy.max())
    )


if __name__ == "__main__":
    run("entropy", __doc__, build)
