"""`python -m orion.error_set`: the student's wrong solutions, Y_err = {y : Ans(y) != L} (ORION, section 3.1).

From the exposure samples of all temperatures: wrong ones, one for each different wrong answer to a problem. A problem
without an error drops out of ORION's training; the stats file says how many keep one.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion import cli
from orion.config.base import Part

if TYPE_CHECKING:
    import polars as pl


class ErrorSetSpec(Part):
    keep_unfinished: bool = False


def why_no_error(row: dict[str, Any], keep_unfinished: bool) -> str | None:
    """The reason why a sample is not in the error set; None where it is."""
    if row["finish_reason"] == "error":
        return "not-sampled"
    if row["verdict"] == "correct":
        return "correct"
    if (row["truncated"] or row["answer"] is None) and not keep_unfinished:
        return "cut-off" if row["truncated"] else "no-answer"
    if row["verdict"] == "unverified":
        return "unverified"
    return None


def build(exposures: dict[str, pl.DataFrame], spec: ErrorSetSpec) -> tuple[pl.DataFrame, dict[str, Any]]:
    """The error set and its statistics, from the samples of each temperature (`t0.6` -> samples)."""
    from orion import samples

    dropped: Counter[str] = Counter()
    by_temperature: dict[str, Counter[str]] = {}
    kept: dict[tuple[str, str | None, str | None], dict[str, Any]] = {}
    problems: set[str] = set()
    total = 0
    for temperature, exposure in exposures.items():
        counts = by_temperature.setdefault(temperature, Counter())
        for row in exposure.iter_rows(named=True):
            total += 1
            counts["samples"] += 1
            problems.add(row["id"])
            reason = why_no_error(row, spec.keep_unfinished)
            # Without an answer there is nothing to tell two wrong solutions apart by but their text.
            same = (row["id"], row["answer"], row["response"] if row["answer"] is None else None)
            if reason is None and same in kept:
                reason = "same-wrong-answer"
            if reason is not None:
                dropped[reason] += 1
                continue
            counts["errors"] += 1
            kept[same] = row | {"temperature": temperature}
    rows = list(kept.values())
    with_errors = len({row["id"] for row in rows})
    stats = {
        "in": total,
        "out": len(rows),
        "dropped": dict(sorted(dropped.items())),
        "by_temperature": by_temperature,
        "problems": len(problems),
        "problems_with_errors": with_errors,
        "coverage": with_errors / len(problems) if problems else None,
    }
    import polars as pl

    return samples.table(rows, temperature=pl.String), stats


def labels(paths: Sequence[Path]) -> list[str]:
    """What samples files are told apart by: a temperature's name; with its folder's, where several are called alike, as
    those of benchmarks are."""
    stems = [path.stem for path in paths]
    return stems if len(set(stems)) == len(stems) else [f"{path.parent.name}/{path.stem}" for path in paths]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orion.error_set", description=__doc__)
    parser.add_argument("--spec", required=True, help="JSON (or @FILE): keep_unfinished")
    parser.add_argument("--exposure", required=True, nargs="+", type=Path, help="samples, one file a temperature")
    parser.add_argument("--output", required=True, type=Path, help="parquet of errors")
    parser.add_argument("--stats", required=True, type=Path, help="JSON: what was kept and dropped, and why")
    arguments = parser.parse_args()
    spec = ErrorSetSpec.parse(cli.read_spec(arguments.spec))

    from orion.files import read_table, write_json, write_table

    names = labels(arguments.exposure)
    errors, stats = build(dict(zip(names, map(read_table, arguments.exposure), strict=True)), spec)
    write_table(arguments.output, errors)
    write_json(arguments.stats, stats)
    print(
        f"{stats['out']} errors from {stats['in']} samples; {stats['problems_with_errors']} of {stats['problems']}"
        " problems have one"
    )


if __name__ == "__main__":
    cli.run(main)
