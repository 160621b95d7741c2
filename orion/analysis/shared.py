"""What methods are compared on: all their rows, and those of the problems that every one of them has.

A method that drops hard problems has shorter and more expected CoTs by that alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def with_shared(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of all training sets (columns method, stage, id, ...), twice: `problems` is `all`, then `shared` for those
    of problems that every method and stage has."""
    import polars as pl

    arms = rows.select("method", "stage").n_unique()
    everywhere = rows.group_by("id").agg(pl.struct("method", "stage").n_unique().alias("arms"))
    shared = rows.join(everywhere.filter(pl.col("arms") == arms), on="id", how="semi", maintain_order="left")
    return pl.concat(part.with_columns(problems=pl.lit(name)) for name, part in (("all", rows), ("shared", shared)))
