"""`python -m orion.show PATH`: any artifact of the pipeline, readable in a terminal.

Without more: what the file is, its columns with a summary of each, its first rows; of scores each with its interval, of
statistics what was dropped and why. `--id` prints the whole rows of one problem or one trace, `--lineage` also what
they were made of, back to the teacher's response. Text that models wrote is printed with its control characters made
visible: it cannot steer the terminal.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from pathlib import Path

from orion import cli
from orion.errors import UserError


def show(path: Path, id: str | None, lineage: bool, rows: int, width: int) -> Iterator[str]:
    """The lines that the program prints.

    Raises:
        UserError: there is no such file, it is damaged, or it is no artifact that can be shown.
    """
    from orion.show import files, tables, traces

    if id is not None and path.suffix == ".parquet":
        yield from traces.trace(path, id, lineage, width)
    elif id is not None:
        raise UserError(f"{path}: --id and --lineage work on parquet artifacts")
    elif path.is_dir():
        yield from files.folder(path, width)
    elif path.suffix == ".parquet":
        yield from tables.parquet(path, rows, width)
    else:
        yield from files.other(path, rows, width)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m orion.show", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path, help="an artifact of results/, a store, a log, or a folder")
    parser.add_argument("--id", help="a problem's id, or a trace's key (its beginning will do): the whole rows")
    parser.add_argument("--lineage", action="store_true", help="with --id: what the rows were made of")
    parser.add_argument("--rows", type=int, default=5, help="how many rows to print (default: %(default)s)")
    arguments = parser.parse_args()
    if arguments.lineage and arguments.id is None:
        parser.error("--lineage goes with --id")
    width = max(40, shutil.get_terminal_size((120, 24)).columns)
    for line in show(arguments.path, arguments.id, arguments.lineage, arguments.rows, width):
        print(line)


if __name__ == "__main__":
    cli.run(main)
