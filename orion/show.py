"""`python -m orion.show PATH`: any artifact of the pipeline, readable in a terminal.

Without more: what the file is, its columns with a summary of each, its first rows. `--id` prints the whole rows of one
problem, `--lineage` also what they were made of, back to the teacher's response. Text that models wrote is printed
with its control characters made visible: it cannot steer the terminal.
"""

from __future__ import annotations

import argparse
import json
import shutil
import textwrap
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion import cli
from orion.errors import UserError

if TYPE_CHECKING:
    import polars as pl

TEXTS = ("problem", "solution", "prompt", "reasoning", "response", "completion", "rejected", "judgement")


def visible(text: str) -> str:
    """The text with control and direction-changing characters written as escapes; line breaks and tabs stay."""
    if text.isprintable():
        return text
    return "".join(
        c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") else c.encode("unicode_escape").decode()
        for c in text
    )


def brief(value: Any, width: int) -> str:
    """A value in one line of at most `width` characters."""
    if value is None:
        return "-"
    text = f"{value:.4g}" if isinstance(value, float) else json.dumps(value) if isinstance(value, list) else str(value)
    text = visible(" ".join(text[: 4 * width].split()))
    return text if len(text) <= width else text[: width - 1] + "…"


def summary(column: pl.Series) -> str:
    """One line about a column: its values where they are few, else its spread."""
    import polars as pl

    missing = f", {column.null_count()} empty" if column.null_count() else ""
    present = column.drop_nulls()
    if not len(present):
        return "all empty"
    if isinstance(column.dtype, pl.List):
        return f"lists of {present.list.len().min()!s} to {present.list.len().max()!s}{missing}"
    if present.dtype.is_numeric() and present.n_unique() > 8:
        low, half, high = (brief(present.quantile(q, "nearest"), 12) for q in (0.0, 0.5, 1.0))
        return f"{low} … {half} … {high}, mean {brief(present.cast(pl.Float64).mean(), 12)}{missing}"
    counts = present.value_counts(sort=True).rows()
    if len(counts) <= 8 and all(len(str(value)) <= 30 for value, _ in counts):
        return ", ".join(f"{brief(value, 30)} {count}" for value, count in counts) + missing
    if present.dtype == pl.String:
        lengths = present.str.len_chars()
        return f"{len(counts)} different texts of {lengths.min()!s} to {lengths.max()!s} characters{missing}"
    return f"{len(counts)} different values{missing}"


def overview(table: pl.DataFrame, metadata: dict[str, Any], rows: int, width: int) -> Iterator[str]:
    yield f"{table.height} rows, {table.width} columns"
    for key, value in metadata.items():
        yield f"  {key}: {brief(value if isinstance(value, str) else json.dumps(value), width - len(key) - 4)}"
    yield ""
    longest = max((len(name) for name in table.columns), default=0)
    for name in table.columns:
        yield f"{name:<{longest}}  {brief(summary(table[name]), width - longest - 2)}"
    if not rows or not table.height:
        return
    yield ""
    shown = [name for name in table.columns if table[name].null_count() < table.height]
    if not table.head(rows).height:
        return
    yield f"first {min(rows, table.height)} rows (--rows N for more, --id ID for whole ones):"
    for row in table.head(rows).iter_rows(named=True):
        yield "  " + brief("  ".join(f"{name}={brief(row[name], 60)}" for name in shown), width - 2)


def whole(row: dict[str, Any], width: int) -> Iterator[str]:
    """A row with all its text."""
    few = {k: v for k, v in row.items() if k not in TEXTS and v is not None and v != []}
    for line in textwrap.wrap("  ".join(f"{k}={brief(v, 200)}" for k, v in few.items()), width - 2):
        yield "  " + line
    for name in TEXTS:
        if row.get(name):
            yield f"  {name}:"
            text = row[name]
            if name == "prompt":
                text = "\n".join(f"[{m['role']}] {m['content']}" for m in json.loads(text))
            for line in visible(text).splitlines():
                yield from textwrap.wrap(line, width, initial_indent="    ", subsequent_indent="    ") or [""]


def trace(path: Path, table: pl.DataFrame, id: str, lineage: bool, width: int) -> Iterator[str]:
    """All rows of one problem, or of one key, and with `lineage` what they were made of."""
    import polars as pl

    from orion.files import read_table
    from orion.lineage import Lineage, results_of

    if "id" not in table.columns:
        raise UserError(f"{path}: has no column 'id'; --id works on artifacts whose rows belong to problems")
    match = pl.col("id") == id
    rows = table.filter(match | (pl.col("key") == id) if "key" in table.columns else match)
    if not rows.height:
        known = ", ".join(table["id"].unique(maintain_order=True).head(3))
        raise UserError(f"{path}: no row with id or key {id!r}; ids here are such as {known}")
    for number, row in enumerate(rows.iter_rows(named=True)):
        yield f"{path}, row {number + 1} of {rows.height} for {id}"
        yield from whole(row, width)
    if not lineage:
        return
    lines = Lineage(results_of(path))
    row = rows.row(0, named=True)
    steps = [] if "key" in row else lines.samples(path, row["id"]) if "benchmark" in row else []
    steps += lines.back(row)
    for step in steps:
        yield f"<- {step.what} ({step.path.relative_to(lines.results)})"
        yield from whole(step.row, width)
    for file in [] if "sources" in row else lines.training_sets(path):
        rows = read_table(file)
        yield f"<- trained on {rows.height} rows ({file.relative_to(lines.results)}); the first of them:"
        if rows.height:
            first = rows.row(0, named=True)
            yield from whole(first, width)
            for step in lines.back(first):
                yield f"   <- {step.what} ({step.path.relative_to(lines.results)})"
                yield from whole(step.row, width)
            yield f"   for another: python -m orion.show {file} --id ID --lineage"


def show(path: Path, id: str | None, lineage: bool, rows: int, width: int) -> Iterator[str]:
    """The lines that the program prints.

    Raises:
        UserError: there is no such file, it is damaged, or it is no artifact that can be shown.
    """
    if path.is_dir():
        yield f"{path}: a folder"
        for item in sorted(path.iterdir()):
            yield f"  {item.name}{'/' if item.is_dir() else f'  {item.stat().st_size:,} bytes'}"
        return
    if path.suffix == ".parquet":
        from orion.files import read_metadata, read_table

        table = read_table(path)
        if id is not None:
            yield from trace(path, table, id, lineage, width)
        else:
            yield f"{path}: " + next(lines := overview(table, read_metadata(path), rows, width))
            yield from lines
        return
    if id is not None or lineage:
        raise UserError(f"{path}: --id and --lineage work on parquet artifacts")
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError):
        raise UserError(f"{path}: no text and no parquet; only the pipeline's own artifacts can be shown") from None
    if path.suffix == ".csv":
        import io

        import polars as pl

        if text.strip():
            # Every value as it stands: a table of a paper keeps its digits.
            table = pl.read_csv(io.StringIO(text), infer_schema=False)
            yield f"{path}: {table.height} rows"
            cells = [table.columns, *([brief(value, 40) for value in row] for row in table.rows())]
            widths = [max(len(row[i]) for row in cells) for i in range(table.width)]
            for row in cells[: max(rows, 40) + 1]:
                yield "  ".join(f"{cell:<{size}}" for cell, size in zip(row, widths, strict=True)).rstrip()
        return
    yield visible(text).rstrip("\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orion.show", description=__doc__)
    parser.add_argument("path", type=Path, help="an artifact: .parquet, .json, .csv, .md, or a folder")
    parser.add_argument("--id", help="a problem's id, or a sample's key: its whole rows")
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
