"""`python -m orion.analysis.funnel`: ORION's way from problems to training rows, by temperature and by difficulty.

Inputs: problems/train.parquet, results/{student}/base/train/t*.parquet, errors.parquet, refined/error-and-cot.parquet.
Difficulty is the problem's level, or its subject where there are no levels. A sample's error counts at the temperature
where it was kept: one that says the same wrong answer as an earlier one is no error of its own. `share` is of the step
before (rewrites have none: there are as many an error as the config asks for), `problem_share` of the problems that
were sampled, both with intervals over problems.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion.analysis.program import run
from orion.errors import UserError

if TYPE_CHECKING:
    import polars as pl

STEPS = ["samples", "wrong", "errors", "rewrites", "kept"]
BEFORE = {"wrong": "samples", "errors": "wrong", "kept": "rewrites"}


def shares(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """One row a step, from the rows (id, step) of one group. A step without rows is a zero, and is said."""
    from orion.statistics.clusters import mean

    counts = {step: dict(rows.filter(step=step)["id"].value_counts().iter_rows()) for step in STEPS}
    asked = list(counts["samples"])
    found = []
    for step in STEPS:
        here, before = counts[step], counts.get(BEFORE.get(step, ""), {})
        # A one for each row of the step before that came through, a zero for each that did not.
        parts = [(id, here.get(id, 0), n) for id, n in before.items()]
        share = mean([float(k < through) for _, through, n in parts for k in range(n)],
                     [id for id, _, n in parts for _ in range(n)], share=True)  # fmt: skip
        problems = mean([float(id in here) for id in asked], asked, share=True)
        found.append(
            {"step": step, "count": sum(here.values()), "problems": len(here)}
            | {"share": share.value, "low": share.low, "high": share.high}
            | {"problem_share": problems.value, "problem_low": problems.low, "problem_high": problems.high}
        )
    return found


def build(paths: Sequence[Path], spec: str = "{}") -> pl.DataFrame:
    """Columns: by (all, temperature or difficulty), group, step, count, problems (different ones), and the shares."""
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
    found = []
    for by in ("all", "temperature", "difficulty"):
        key = pl.lit("all") if by == "all" else pl.col(by)
        for (group,), rows in whole.group_by(key.alias("group"), maintain_order=True):
            found += [{"by": by, "group": group} | row for row in shares(rows)]
    floats = ("share", "low", "high", "problem_share", "problem_low", "problem_high")
    return pl.DataFrame(found, schema_overrides=dict.fromkeys(floats, pl.Float64))


if __name__ == "__main__":
    run("funnel", __doc__, build)
