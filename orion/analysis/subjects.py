"""`python -m orion.analysis.subjects`: accuracy by subject of the problems (SuperCorrect's figure of MATH's subjects).

Inputs: results/{student}/{method}/seed{n}/scores.parquet. The mean over the draws, with the interval over problems and,
where there are several, training seeds. Benchmarks whose problems have no subject are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion.analysis.program import place, run
from orion.config.base import Part

if TYPE_CHECKING:
    import polars as pl

TEXTS = ("method", "benchmark", "decoding", "subject")
NUMBERS = ("accuracy", "low", "high")


class SubjectsSpec(Part):
    decoding: str


def build(paths: Sequence[Path], spec: str = "{}") -> pl.DataFrame:
    """Columns: method, benchmark, decoding, subject, problems, seeds, draws, accuracy, low, high."""
    import numpy as np
    import polars as pl

    from orion.files import read_table
    from orion.statistics.intervals import score

    decoding = SubjectsSpec.parse(spec).decoding
    shares: dict[tuple[str, str, str], dict[str, pl.DataFrame]] = {}
    for path in paths:
        where = place(path)
        table = read_table(path).filter(decoding=decoding).drop_nulls("subject")
        for (benchmark, subject), part in table.group_by("benchmark", "subject", maintain_order=True):
            shares.setdefault((where.method, benchmark, subject), {})[where.seed] = part.select("id", "n", "c").sort(
                "id"
            )
    rows = []
    for (method, benchmark, subject), by_seed in shares.items():
        parts = list(by_seed.values())
        values = np.array([(part["c"] / part["n"]).to_numpy() for part in parts])
        found = score([values], observations=sum(int(part["n"].sum()) for part in parts))
        about = dict(zip(TEXTS, (method, benchmark, decoding, subject), strict=True))
        counts = {"problems": values.shape[1], "seeds": len(parts), "draws": int(parts[0]["n"][0])}
        rows.append(about | counts | {"accuracy": found.value, "low": found.low, "high": found.high})
    schema: dict[str, Any] = dict.fromkeys(TEXTS, pl.String) | dict.fromkeys(("problems", "seeds", "draws"), pl.Int64)
    return pl.DataFrame(rows, schema=schema | dict.fromkeys(NUMBERS, pl.Float64), orient="row")


if __name__ == "__main__":
    run("subjects", __doc__, build)
