"""`python -m orion.tables.cost`: what the run took: money, hours and tokens, by stage and method.

Reads Snakemake's benchmark files (time, memory), the parquet artifacts (tokens, money and GPU time of every completion
in them) and the training's stats files (trained tokens, GPU time). Writes cost.csv, cost.tidy.csv (a row a number),
cost.md and cost.tex.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from orion import cli
from orion.config.base import Part
from orion.errors import UserError
from orion.tables.paths import STAGES, Place, place

COLUMNS = (
    "jobs", "hours", "CPU hours", "GPU hours", "memory GB", "prompt tokens", "completion tokens", "trained tokens",
    "money",
)  # fmt: skip
CAPTION = (
    "What this run took. Hours are wall-clock hours of jobs, summed, of the last time that each job ran; memory is the "
    "largest job's. Tokens, money and GPU hours are of all completions and optimiser steps in the artifacts, also "
    "where an earlier run had made them; GPU hours are those of the GPUs that were held, and count none of a server's. "
    "Trained tokens are those of a training set that the loss counts, once however many epochs."
)


class CostTable(Part):
    """What the files cannot say."""

    currency: str = Field("", description="unit of the teacher's prices, for the caption")


def _group(where: Place) -> tuple[str, str, str]:
    stage = "training" if where.stage == "training set" else where.stage
    return stage, where.student, where.method


def _read_tsv(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None
    if rows and not {"s", "max_rss", "cpu_time"} <= rows[0].keys():
        raise UserError(f"{path}: no benchmark file of Snakemake; it has the columns {', '.join(rows[0])}")
    return rows


def _number(text: str | None) -> float:
    """Snakemake writes `NA` and `-` for jobs that were too short to be measured."""
    try:
        return float(text or 0)
    except ValueError:
        return 0.0


def costs(benchmarks: Sequence[Path], artifacts: Sequence[Path], stats: Sequence[Path]) -> list[dict[str, Any]]:
    """One row a stage, student and method, in the order of the pipeline, and the total."""
    from orion.files import read_table
    from orion.tables.coverage import read_stats

    sums: dict[tuple[str, str, str], dict[str, float]] = defaultdict(lambda: dict.fromkeys(COLUMNS, 0))
    for path in benchmarks:
        if not path.exists():
            continue  # measurements may be lost; `main` says how many
        group = _group(place(path))
        for row in _read_tsv(path):
            hours = _number(row["s"]) / 3600
            sums[group]["jobs"] += 1
            sums[group]["hours"] += hours
            sums[group]["CPU hours"] += _number(row["cpu_time"]) / 3600
            sums[group]["memory GB"] = max(sums[group]["memory GB"], _number(row["max_rss"]) / 1024)
    for path in artifacts:
        where = place(path)
        if where.name.rpartition("/")[2] in ("errors", "scores"):
            continue  # a choice of samples that are counted where they were made
        table = read_table(path)
        for column, name, factor in (
            ("prompt_tokens", "prompt tokens", 1.0),
            ("completion_tokens", "completion tokens", 1.0),
            ("cost", "money", 1.0),
            ("gpu_seconds", "GPU hours", 1 / 3600),
        ):
            if column in table.columns:
                sums[_group(where)][name] += float(table[column].sum() or 0) * factor
    for path in stats:
        found = read_stats(path)
        group = _group(place(path))
        sums[group]["trained tokens"] += float(found.get("trained_tokens") or 0)
        sums[group]["GPU hours"] += float(found.get("seconds") or 0) * float(found.get("gpus") or 0) / 3600
    rows = [
        dict(zip(("stage", "student", "method"), group, strict=True)) | _typed(found)
        for group, found in sorted(sums.items(), key=lambda item: (STAGES.index(item[0][0]), item[0][1:]))
    ]
    total = {name: max if name == "memory GB" else sum for name in COLUMNS}
    values = {name: reduce([found[name] for found in sums.values()] or [0]) for name, reduce in total.items()}
    return [*rows, {"stage": "total", "student": "", "method": ""} | _typed(values)]


def _typed(found: dict[str, float]) -> dict[str, Any]:
    counts = {"jobs", "prompt tokens", "completion tokens", "trained tokens"}
    return {name: int(value) if name in counts else float(value) for name, value in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orion.tables.cost", description=__doc__)
    parser.add_argument("--spec", default="{}", help="JSON (or @FILE): currency")
    parser.add_argument("--benchmarks", nargs="*", default=[], type=Path, help="benchmark files (.tsv) of Snakemake")
    parser.add_argument("--artifacts", nargs="*", default=[], type=Path, help="parquet: CoTs, samples, refinements")
    parser.add_argument("--stats", nargs="*", default=[], type=Path, help=".stats.json files of the training")
    parser.add_argument("--output-dir", required=True, type=Path, help="folder of the tables")
    arguments = parser.parse_args()
    spec = CostTable.parse(cli.read_spec(arguments.spec))

    from orion.tables import plain

    rows = costs(arguments.benchmarks, arguments.artifacts, arguments.stats)
    lost = sum(not path.exists() for path in arguments.benchmarks)
    caption = CAPTION + (f" Money in {spec.currency}." if spec.currency else "")
    caption += f" {lost} jobs left no measurement of their time." if lost else ""
    plain.write(arguments.output_dir, "cost", rows, caption)


if __name__ == "__main__":
    cli.run(main)
