"""`python -m orion.tables.coverage`: how many problems, errors and refinements survived each filter, and why not.

Reads the `.stats.json` that every filtering stage leaves beside its output; writes data.csv (one row an artifact),
data.tidy.csv (one row a number), data.reasons.csv (one row a reason), data.md and data.tex.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orion import cli
from orion.errors import UserError
from orion.tables.paths import STAGES, place

REASONS = ("student", "stage", "artifact", "reason", "count")
CAPTION = (
    "What each stage took in, what it kept and why it dropped the rest. Problems: how many problems are left with at "
    "least one kept row, of how many that were asked."
)


def read_stats(path: Path) -> dict[str, Any]:
    """The counts of one stats file.

    Raises:
        UserError: no such file, no JSON object, or no count of what came out.
    """
    try:
        stats = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise UserError(f"{path}: not valid JSON ({error})") from None
    if not isinstance(stats, dict) or not isinstance(stats.get("out"), int):
        raise UserError(f"{path}: no stats of a stage; it needs at least 'out', the number of rows that were kept")
    return stats


def coverage(paths: Sequence[Path]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(rows of the table, rows of reasons), in the order of the pipeline."""
    table, reasons = [], []
    for path in sorted(paths, key=lambda path: (place(path).student, STAGES.index(place(path).stage), str(path))):
        stats, where = read_stats(path), place(path)
        dropped = {str(reason): count for reason, count in (stats.get("dropped") or {}).items() if count}
        total = stats["in"] if isinstance(stats.get("in"), int) else stats["out"] + sum(dropped.values())
        about = {
            "student": where.student,
            "stage": where.stage,
            "artifact": "/".join(
                part for part in (where.method, where.seed and f"seed{where.seed}", where.name) if part
            ),
        }
        left = next((stats[key] for key in ("problems_kept", "problems_with_errors") if key in stats), None)
        asked = stats.get("problems") if left is not None else None
        if left is None and where.stage == "training set":
            left = stats.get("problems")
        table.append(
            about
            | {
                "in": total,
                "out": stats["out"],
                "kept %": round(100 * stats["out"] / total, 1) if total else None,
                "problems": left,
                "of problems": asked,
                "why not": ", ".join(
                    f"{reason} {count:,}" for reason, count in sorted(dropped.items(), key=lambda x: -x[1])
                ),
            }
        )
        reasons += [about | {"reason": reason, "count": count} for reason, count in dropped.items()]
    return table, reasons


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orion.tables.coverage", description=__doc__)
    parser.add_argument("--stats", nargs="*", default=[], type=Path, help=".stats.json files of the stages")
    parser.add_argument("--output-dir", required=True, type=Path, help="folder of the tables")
    arguments = parser.parse_args()
    table, reasons = coverage(arguments.stats)

    from orion.files import write_text
    from orion.tables import plain

    plain.write(arguments.output_dir, "data", table, CAPTION)
    write_text(arguments.output_dir / "data.reasons.csv", plain.csv_text(reasons, REASONS))


if __name__ == "__main__":
    cli.run(main)
