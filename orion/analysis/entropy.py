"""`python -m orion.analysis.entropy`: entropy during training, a method at a time, with the training seeds as a band.

Inputs: results/{student}/{method}/seed{n}/{stage}/training_log.parquet, and the untrained student's reading of each
training set, results/analysis/{student}/likelihood/base/{method}/{stage}.parquet. The entropy of a step is the mean
over its completion tokens of -sum p log p over the whole vocabulary, in nats (ORION's analysis: lower and steadier for
ORION). Step 0 is the untrained student's over the whole training set: what is the data's own, before anything is
learned. A later stage has its step 0 from the untrained student, too, not from the stage before.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from orion.analysis.program import place, reading, run
from orion.errors import UserError

if TYPE_CHECKING:
    import polars as pl


def build(paths: Sequence[Path], spec: str = "{}") -> pl.DataFrame:
    """Columns: method, stage, step, seeds, mean, low, high (least and greatest of them); step 0 has rows, tokens."""
    import polars as pl

    from orion.files import read_table

    logs, before = [], []
    for path in paths:
        if "likelihood" in path.parts:
            of, rows = reading(path), read_table(path)
            mean = float(rows["entropy"].sum()) / max(int(rows["tokens"].sum()), 1)
            size = {"rows": rows.height, "tokens": int(rows["tokens"].sum())}
            numbers = {"step": 0, "seeds": 0, "mean": mean, "low": mean, "high": mean}
            before.append({"method": of.method, "stage": of.stage} | numbers | size)
            continue
        where = place(path)
        log = read_table(path).select("step", pl.col("entropy").cast(pl.Float64))
        labels = {"method": where.method, "stage": where.stage, "seed": where.seed}
        logs.append(log.with_columns(pl.lit(value).alias(name) for name, value in labels.items()))
    if not logs:
        raise UserError("--inputs: no training log among them")
    entropy = pl.col("entropy")
    steps = (
        pl.concat(logs)
        .drop_nulls("entropy")
        .group_by("method", "stage", "step", maintain_order=True)
        .agg(seeds=pl.col("seed").n_unique(), mean=entropy.mean(), low=entropy.min(), high=entropy.max())
    )
    untrained = pl.DataFrame(before, schema_overrides={"step": steps.schema["step"], "seeds": steps.schema["seeds"]})
    return pl.concat([untrained, steps], how="diagonal")


if __name__ == "__main__":
    run("entropy", __doc__, build)
