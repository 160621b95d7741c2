"""`python -m orion.analysis.funnel`: ORION's way from problems to training rows, by temperature and by difficulty.

Inputs: problems/train.parquet, results/{student}/base/train/t*.parquet, errors.parquet, refined/error-and-cot.parquet.
Difficulty is the problem's level, or its subject where there are no levels. A sample's error counts at the temperature
where it was kept: one that says the same wrong answer as an earlier one is no error of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from orion.analysis.program import run
from orion.errors import UserError

if TYPE_CHECKING:
    import polars as pl

STEPS = ["samples", "wrong", "errors", "rewrites", "kept"]


def build(paths: Sequence[Path], spec: str = "{}") -> pl.DataFrame:
    """Columns: by (all, temperature or difficulty), group, step, count, problems (different ones), share (of the first
    step)."""
    import polars as pl

    from orion.files import read_table

    named = {path.name: path for path in paths}
    if missing := {"train.parquet", "errors.parquet", "error-and-cot.parquet"} - named.keys():
        raise UserError(f"--inputs: {', '.join(sorted(missing))} is missing")
    problems = read_table(named["train.parquet"])
    samples = pl.concat(
        read_table(path).select("id", "verdict", pl.lit(path.stem).alias("temperature"))
        for path in paths
        if path.parent.name == "train"
    )
    refined = read_table(named["error-and-cot.parquet"]).select("id", "temperature", "kept")
    steps = {
        "samples": samples,
        "wrong": samples.filter(pl.col("verdict") == "wrong"),
        "errors": read_table(named["errors.parquet"]),
        "rewrites": refined,
        "kept": refined.filter("kept"),
    }
    level = pl.coalesce(pl.col("level").cast(pl.String), pl.col("subject").cast(pl.String), pl.lit("none"))
    difficulty = problems.select("id", level.alias("difficulty"))
    whole = pl.concat(
        table.select("id", "temperature").with_columns(step=pl.lit(step)) for step, table in steps.items()
    ).join(difficulty, on="id", how="left", maintain_order="left")
    parts = []
    for by in ("all", "temperature", "difficulty"):
        key = pl.lit("all") if by == "all" else pl.col(by)
        counts = whole.group_by(key.alias("group"), "step").agg(count=pl.len(), problems=pl.col("id").n_unique())
        # A step without rows is a zero, and is said.
        grid = counts.select("group").unique().join(pl.DataFrame({"step": STEPS}), how="cross")
        counts = grid.join(counts, on=["group", "step"], how="left").with_columns(
            pl.col("count", "problems").fill_null(0)
        )
        parts.append(counts.select(pl.lit(by).alias("by"), pl.all()))
    order = pl.col("step").replace_strict(STEPS, range(len(STEPS)), return_dtype=pl.Int64)
    table = pl.concat(parts).sort(["by", "group", order])
    return table.with_columns(share=pl.col("count") / pl.col("count").first().over("by", "group"))


if __name__ == "__main__":
    run("funnel", __doc__, build)
