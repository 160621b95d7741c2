"""What every analysis program shares: its arguments, and what an artifact's path says about it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from orion import cli
from orion.errors import UserError

if TYPE_CHECKING:
    import polars as pl


class Place(NamedTuple):
    """results/{student}/{method}/seed{seed}/{stage}..."""

    method: str
    seed: str
    stage: str


def place(path: Path) -> Place:
    """Which training an artifact below results/{student}/ belongs to."""
    for at, part in enumerate(path.parts):
        if part.startswith("seed") and 0 < at < len(path.parts) - 1:
            return Place(path.parts[at - 1], part.removeprefix("seed"), path.parts[at + 1].split(".")[0])
    raise UserError(f"{path}: not an artifact of a training; it lies below no folder {{method}}/seed{{n}}")


class Reading(NamedTuple):
    """results/analysis/{student}/likelihood/{reader}/{method}/{stage}.parquet"""

    reader: str
    method: str
    stage: str


def reading(path: Path) -> Reading:
    """Which training set a likelihood file is of, and who read it."""
    if len(path.parts) < 4 or path.parts[-4] != "likelihood":
        raise UserError(f"{path}: no likelihood of a training set; it lies below no folder likelihood/READER/METHOD")
    return Reading(path.parts[-3], path.parts[-2], path.stem)


PASSED_ON = ("judge", "judge_kind", "methods", "similar", "case_problems")


def passed_on(paths: Sequence[Path]) -> dict[str, Any]:
    """What the inputs' metadata say that a figure has to say, too: who judged, for one."""
    from orion.files import read_metadata

    found: dict[str, Any] = {}
    for path in paths:
        if path.suffix == ".parquet":
            metadata = read_metadata(path)
            found |= {key: metadata[key] for key in PASSED_ON if key in metadata}
    return found


def run(name: str, description: str | None, build: Callable[[Sequence[Path], str], pl.DataFrame]) -> None:
    """Parse arguments, build the table, write it. `build` gets the input files and the spec."""

    def main() -> None:
        parser = argparse.ArgumentParser(prog=f"python -m orion.analysis.{name}", description=description)
        parser.add_argument("--spec", default="{}", help="JSON (or @FILE): what the analysis needs of the config")
        parser.add_argument("--inputs", required=True, nargs="+", type=Path, help="the artifacts that it looks at")
        parser.add_argument("--output", required=True, type=Path, help="parquet: the numbers")
        arguments = parser.parse_args()

        from orion.files import write_table

        table = build(arguments.inputs, cli.read_spec(arguments.spec))
        write_table(arguments.output, table, {"analysis": name} | passed_on(arguments.inputs))
        print(f"{table.height} rows: {arguments.output}")

    cli.run(main)
