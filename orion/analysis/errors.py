"""`python -m orion.analysis.errors`: of which types the untrained student's errors are, by a judge.

Input: results/analysis/{student}/judged/errors.parquet. Each error is of another problem, so the problems are the
observations. Errors whose judgement could not be read have no type; `unread` says how many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from orion.analysis.program import run

if TYPE_CHECKING:
    import polars as pl


def build(paths: Sequence[Path], spec: str = "{}") -> pl.DataFrame:
    """Columns: type, count, errors (that have a type), share, low, high, unread. A type without errors is a zero."""
    import polars as pl

    from orion.files import read_table
    from orion.judge.errors import TYPES
    from orion.statistics.clusters import mean

    judged = pl.concat(read_table(path) for path in paths)
    typed = judged.filter("kept")
    ids = [f"{problems}/{id}" for problems, id in typed.select("problems", "id").rows()]
    rows = []
    for name in TYPES:
        share = mean([float(found == name) for found in typed["type"]], ids, share=True)
        count = typed.filter(type=name).height
        about = {"type": name, "count": count, "errors": typed.height}
        rows.append(about | {"share": share.value, "low": share.low, "high": share.high})
    floats = dict.fromkeys(("share", "low", "high"), pl.Float64)
    return pl.DataFrame(rows, schema_overrides=floats).with_columns(unread=judged.height - typed.height)


if __name__ == "__main__":
    run("errors", __doc__, build)
