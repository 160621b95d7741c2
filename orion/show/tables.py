"""Artifacts that are tables: parquet, CSV, TSV and the Markdown of a paper's table."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion.show.text import KEY, brief, grid, wrapped

if TYPE_CHECKING:
    import polars as pl

CELL = 40  # characters of a cell


def summary(column: pl.Series) -> str:
    """One line about a column: its values where they are few, else its spread."""
    import polars as pl

    missing = f", {column.null_count()} empty" if column.null_count() else ""
    present = column.drop_nulls()
    if not len(present):
        return "all empty"
    if isinstance(column.dtype, pl.List):
        low, high = (str(found) for found in (present.list.len().min(), present.list.len().max()))
        return f"lists of {low}{f' to {high}' if high != low else ''}{missing}"
    if present.dtype.is_numeric() and present.n_unique() > 8:
        low, half, high = (brief(present.quantile(q, "nearest"), 12) for q in (0.0, 0.5, 1.0))
        return f"{low} … {half} … {high}, mean {brief(present.cast(pl.Float64).mean(), 12)}{missing}"
    counts = present.value_counts(sort=True).rows()
    if len(counts) <= 8 and all(len(str(value)) <= 30 for value, _ in counts):
        return ", ".join(f"{brief(value, 30)} {count}" for value, count in counts) + missing
    if present.dtype == pl.String:
        if KEY.fullmatch(present[0]):
            return f"{len(counts)} different keys{missing}"
        lengths = present.str.len_chars()
        span = f"{lengths.min()!s} to {lengths.max()!s}" if lengths.min() != lengths.max() else str(lengths.min())
        return f"{len(counts)} different texts of {span} characters{missing}"
    return f"{len(counts)} different values{missing}"


def parquet(path: Path, rows: int, width: int) -> Iterator[str]:
    """What a parquet artifact is, what made it, its columns, its scores if it has any, its first rows."""
    from orion.files import read_metadata, read_table
    from orion.tables.paths import place

    table, metadata = read_table(path), read_metadata(path)
    at = place(path.absolute())
    what = " ".join(filter(None, [at.stage, at.student, at.method, at.seed and f"seed {at.seed}", at.name]))
    yield f"{path}: {table.height} rows, {table.width} columns" + (f" · {what}" if at.stage != "other" else "")
    for key, value in metadata.items():
        if value not in ({}, [], None, ""):
            yield f"  {key}: {brief(value if isinstance(value, str) else json.dumps(value), width - len(key) - 4)}"
    yield ""
    longest = max((len(name) for name in table.columns), default=0)
    for name in table.columns:
        yield f"{name:<{longest}}  {brief(summary(table[name]), width - longest - 2)}"
    if {"answer_class", "correct", "n"} <= set(table.columns) and metadata.get("method") and table.height:
        yield ""
        yield from _scores(path, width)
    if rows and table.height:
        yield ""
        yield f"first {min(rows, table.height)} rows (--rows N for more, --id ID for whole ones):"
        yield from _first(table.head(rows), table, width)


def _scores(path: Path, width: int) -> Iterator[str]:
    from orion.tables.comparison import make_entry
    from orion.tables.results import read_scores

    lines = []
    for (_, _, benchmark, decoding), cell in read_scores([path]).items():
        score = make_entry([cell], "Acc@1", 0.95).score
        cut = cell.counts["truncated"].sum() / cell.correct.size
        interval = f"[{100 * score.low:.1f}, {100 * score.high:.1f}]"
        size = [str(len(cell.ids)), str(cell.draws), f"{100 * cut:.1f}%"]
        lines.append([benchmark, decoding, f"{100 * score.value:.1f}", interval, *size])
    yield from grid(["benchmark", "decoding", "Acc@1", "95% interval", "problems", "draws", "cut off"], lines, width)


def _first(head: pl.DataFrame, whole: pl.DataFrame, width: int) -> Iterator[str]:
    """Rows with the columns that tell them apart, as many as have room; texts are cut."""
    import polars as pl

    told = [n for n in whole.columns if whole[n].null_count() < whole.height]
    if whole.height > 1:
        plain = [n for n in told if not isinstance(whole[n].dtype, pl.List)]
        told = [n for n in told if n not in plain or whole[n].n_unique() > 1] or told
    told = [n for n in told if whole[n].dtype != pl.String or not KEY.fullmatch(whole[n].drop_nulls()[0])] or told
    cells = {name: [brief(value, CELL) for value in head[name].to_list()] for name in told}
    # Short cells first to be shown, in the order of the columns.
    room = width
    chosen: list[str] = []
    for name in sorted(told, key=lambda n: (n != "id", max(map(len, cells[n])), told.index(n))):
        need = max(len(name), *map(len, cells[name])) + 2
        if need <= room or not chosen:
            chosen.append(name)
            room -= need
    chosen.sort(key=told.index)
    yield from grid(chosen, list(zip(*(cells[name] for name in chosen), strict=True)), width)


def delimited(path: Path, text: str, rows: int, width: int) -> Iterator[str]:
    """A CSV or TSV file, every value as it stands: a paper's table keeps its digits."""
    found = list(csv.reader(io.StringIO(text), delimiter="\t" if path.suffix == ".tsv" else ","))
    yield f"{path}: {max(0, len(found) - 1)} rows"
    if found:
        columns, *cells = [[brief(cell, CELL) for cell in row] for row in found]
        most = max(rows, 40)
        yield from grid(columns, [row for row in cells[:most] if len(row) == len(columns)], width)
        if len(cells) > most:
            yield f"… {len(cells) - most} more (--rows N)"


def markdown(text: str, width: int) -> Iterator[str]:
    """Tables aligned, other lines wrapped; marks for bold and underlined stay readable."""
    table: list[list[str]] = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            cells = re.split(r"(?<!\\)\|", line.strip().strip("|"))
            table.append([_plain(cell) for cell in cells])
            continue
        if table:
            told = [row for row in table if not all(re.fullmatch(r":?-+:?", cell) for cell in row)]
            most = max(map(len, told), default=0)
            if told:
                columns, *rows = [row + [""] * (most - len(row)) for row in told]
                yield from grid(columns, rows, width)
            table = []
        yield from wrapped(line, width) if line else [""]


def _plain(cell: str) -> str:
    cell = re.sub(r"<br>", " ", cell.replace("\\|", "|"))
    return brief(re.sub(r"\*\*|</?u>", lambda mark: "_" if "u" in mark[0] else "*", cell), 80)


def value_lines(value: Any, indent: str = "") -> Iterator[tuple[str, str]]:
    """(name, value) of nested JSON, names indented."""
    for name, inner in value.items():
        if isinstance(inner, dict) and inner:
            yield f"{indent}{name}", ""
            yield from value_lines(inner, indent + "  ")
        else:
            yield f"{indent}{name}", brief(inner, 10_000)
