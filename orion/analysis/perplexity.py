"""`python -m orion.analysis.perplexity`: how expected each method's CoTs are, to the untrained student and to others.

Inputs: results/analysis/{student}/likelihood/{reader}/{method}/{stage}.parquet, one a training set and reader.
`perplexity` is exp(total nats / total tokens); `mean_of_rows` the mean of exp(nats / tokens) over CoTs, in which short
ones weigh as much as long ones (ORION's paper says not which of the two it prints). `entropy` is the reader's mean
over tokens, in nats. Intervals are over problems, and end at a perplexity of 1, below which there is none. Tokens are
the reader's own: numbers of different readers are not comparable, those of one reader are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion.analysis.program import reading, run
from orion.analysis.shared import with_shared

if TYPE_CHECKING:
    import polars as pl


def numbers(rows: pl.DataFrame) -> dict[str, Any]:
    """Of the CoTs of one training set, read by one model: columns id, tokens, nll, entropy."""
    from orion.statistics.clusters import mean

    ids, tokens, nll = rows["id"].to_list(), rows["tokens"].to_list(), rows["nll"].to_list()
    nats = mean(nll, ids, weights=tokens)
    each = mean([math.exp(n / t) for n, t in zip(nll, tokens, strict=True)], ids)
    entropy = mean(rows["entropy"].to_list(), ids, weights=tokens)
    ends = [None if value is None else math.exp(max(value, 0.0)) for value in nats[:3]]
    of_rows = [None if value is None else max(value, 1.0) for value in each[:3]]
    return (
        {"rows": nats.rows, "ids": nats.clusters, "tokens": sum(tokens)}
        | dict(zip(("perplexity", "low", "high"), ends, strict=True))
        | dict(zip(("mean_of_rows", "mean_low", "mean_high"), of_rows, strict=True))
        | dict(zip(("entropy", "entropy_low", "entropy_high"), entropy[:3], strict=True))
    )


def build(paths: Sequence[Path], spec: str = "{}") -> pl.DataFrame:
    """Columns: reader, method, stage, problems (all, or shared by all methods), and the numbers with n and interval."""
    import polars as pl

    from orion.files import read_table

    parts = []
    for path in paths:
        where = reading(path)
        labels = [pl.lit(value).alias(name) for name, value in where._asdict().items()]
        parts.append(read_table(path).select(*labels, pl.all()))
    whole = with_shared(pl.concat(parts))
    keys = ["reader", "method", "stage", "problems"]
    groups = whole.group_by(keys, maintain_order=True)
    return pl.DataFrame([dict(zip(keys, key, strict=True)) | numbers(rows) for key, rows in groups])


if __name__ == "__main__":
    run("perplexity", __doc__, build)
