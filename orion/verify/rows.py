"""Reads and writes the files of `python -m orion.verify`: JSON Lines or parquet, one graded thing a row."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orion.errors import UserError
from orion.files import read_table, write_table, write_text
from orion.types import Verdict
from orion.verify.cascade import KINDS
from orion.verify.grader import Item

Row = dict[str, Any]
_JSONL = (".jsonl", ".json", ".ndjson")


def read_rows(path: str) -> tuple[list[Row], list[str]]:
    """The rows of a file and, for messages, where each stands.

    Raises:
        UserError: the file is missing or is none of the two formats.
    """
    if Path(path).suffix == ".parquet":
        rows = read_table(path).to_dicts()
        return rows, [f"{path}: row {number}" for number in range(1, len(rows) + 1)]
    check_suffix(path)
    try:
        lines = Path(path).read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text (byte {error.start})") from None
    rows, places = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
            raise UserError(f"{path}: row {number}: not JSON ({reason})") from None
        if not isinstance(row, dict):
            raise UserError(f"{path}: row {number}: a {type(row).__name__}, where an object with `gold` is needed")
        rows.append(row)
        places.append(f"{path}: row {number}")
    return rows, places


def check_suffix(path: str) -> None:
    """Raises UserError unless the name says which of the two formats the file has."""
    if Path(path).suffix not in (".parquet", *_JSONL):
        raise UserError(f"{path}: neither .jsonl nor .parquet; name the file by what it holds")


def _string(row: Mapping[str, Any], key: str, place: str) -> str:
    value = row[key]
    if not isinstance(value, str | int | float):
        raise UserError(f"{place}: `{key}` is {json.dumps(value, default=str)[:60]}, where a string is needed")
    return value if isinstance(value, str) else str(value)


def item(row: Mapping[str, Any], kind: str, place: str) -> Item:
    """What is to be graded in a row: its `output` (or bare `prediction`) against its `gold`, as its `kind` or `kind`.

    Raises:
        UserError: a key is missing or has a value of another type.
    """
    if row.get("gold") is None:
        raise UserError(f"{place}: no `gold`; every row needs the right answer under this key")
    present = [key for key in ("output", "prediction") if key in row]
    key = next((key for key in present if row[key] is not None), present[0] if present else None)
    if key is None:
        raise UserError(f"{place}: neither `output` nor `prediction`; every row needs one of them")
    text = None if row[key] is None else _string(row, key, place)
    own_kind = row.get("kind")
    if own_kind is not None and own_kind not in KINDS:
        raise UserError(f"{place}: unknown kind {own_kind!r}; use math, number, choice, text or brackets")
    return Item(text, _string(row, "gold", place), own_kind or kind, bare=key == "prediction")


def write_rows(path: str, rows: Sequence[Row], verdicts: Sequence[Verdict], metadata: Mapping[str, Any]) -> None:
    """Write every row with the four fields of its verdict, in place of columns of these names."""
    graded = [row | verdict._asdict() for row, verdict in zip(rows, verdicts, strict=True)]
    if Path(path).suffix == ".parquet":
        import polars as pl

        columns = dict.fromkeys(Verdict._fields, pl.String)
        table = pl.DataFrame(graded, infer_schema_length=None, schema_overrides=columns, strict=False)
        write_table(path, table if graded else pl.DataFrame(schema=columns), metadata)
    else:
        check_suffix(path)
        write_text(path, "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in graded))
