"""Whole rows, and what they were made of."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion.errors import UserError
from orion.lineage import Lineage, results_of
from orion.show.text import brief, visible, wrapped

if TYPE_CHECKING:
    import polars as pl

LONG = 100  # characters from which on a text gets lines of its own
PREFIX = 8  # characters of a key that `--id` needs at least


def whole(row: dict[str, Any], width: int, indent: str = "  ") -> Iterator[str]:
    """A row with all its text: short values in a few lines, then each text under its name."""
    texts = {k: v for k, v in row.items() if isinstance(v, str) and v and (len(v) > LONG or "\n" in v)}
    texts |= {k: row[k] for k in ("problem", "response", "completion", "judgement") if row.get(k)}
    few = {k: v for k, v in row.items() if k not in texts and v is not None and v not in ("", [])}
    for line in textwrap.wrap("  ".join(f"{k}={brief(v, 60)}" for k, v in few.items()), width - len(indent)):
        yield indent + line
    for name in (name for name in row if name in texts):
        yield f"{indent}{name}:"
        yield from wrapped(_messages(texts[name]) if name == "prompt" else texts[name], width, indent + "  ")


def _messages(prompt: str) -> str:
    try:
        return "\n".join(f"[{message['role']}] {message['content']}" for message in json.loads(prompt))
    except (ValueError, TypeError, KeyError):
        return prompt


def found(path: Path, table: pl.DataFrame, id: str) -> pl.DataFrame:
    """The rows of a problem's id, or of a key or its beginning.

    Raises:
        UserError: there are none.
    """
    import polars as pl

    if "id" not in table.columns:
        raise UserError(f"{path}: has no column 'id'; --id works on artifacts whose rows belong to problems")
    match = pl.col("id") == id
    if len(id) >= PREFIX:
        keys = [name for name in ("key", "case_key") if name in table.columns]
        match = pl.any_horizontal(match, *(pl.col(name).str.starts_with(id) for name in keys))
    elif "key" in table.columns:
        match |= pl.col("key") == id
    rows = table.filter(match)
    if not rows.height:
        known = ", ".join(visible(name) for name in table["id"].unique(maintain_order=True).head(3))
        raise UserError(f"{path}: no row with id or key {id!r}; ids here are such as {known}")
    return rows


def trace(path: Path, id: str, lineage: bool, width: int) -> Iterator[str]:
    """All rows of one problem, or of one key, and with `lineage` what they were made of."""
    from orion.files import read_table

    rows = found(path, read_table(path), id)
    for number, row in enumerate(rows.iter_rows(named=True)):
        yield f"{path}, row {number + 1} of {rows.height} for {visible(id)}"
        yield from whole(row, width)
    if not lineage:
        return
    lines = Lineage(results_of(path))
    first = rows.row(0, named=True)
    steps = [] if "key" in first else lines.samples(path, first["id"]) if "benchmark" in first else []
    steps += lines.back(first)
    for step in steps:
        yield f"<- {step.what} ({step.path.relative_to(lines.results)})"
        yield from whole(step.row, width)
    for file in [] if "sources" in first else lines.training_sets(path):
        yield from _trained(lines, file, width)


def _trained(lines: Lineage, file: Path, width: int) -> Iterator[str]:
    """What the policy behind an answer was trained on: one row of it, back to the teacher."""
    from orion.files import read_table

    rows = read_table(file)
    yield f"<- trained on {rows.height} rows ({file.relative_to(lines.results)}), of which the first:"
    if not rows.height:
        return
    first = rows.row(0, named=True)
    yield from whole(first, width, "     ")
    for step in lines.back(first):
        yield f"   <- {step.what} ({step.path.relative_to(lines.results)})"
        yield from whole(step.row, width, "     ")
    yield f"   for another: python -m orion.show {file} --id ID --lineage"
