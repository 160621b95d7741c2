"""Values and tables as lines of a terminal. What models wrote cannot steer it: no control character gets through."""

from __future__ import annotations

import json
import re
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

KEY = re.compile(r"[0-9a-f]{64}")
SHORT = 12  # characters of a key that are shown; `--id` takes them


def visible(text: str) -> str:
    """The text with control and direction-changing characters written as escapes; line breaks and tabs stay."""
    if text.isprintable():
        return text
    return "".join(
        c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") else c.encode("unicode_escape").decode()
        for c in text
    )


def brief(value: Any, width: int) -> str:
    """A value in one line of at most `width` characters; of keys their beginning."""
    if value is None:
        return "-"
    if isinstance(value, float):
        text = f"{value:.4g}"
    elif isinstance(value, list):
        text = "[" + ", ".join(brief(one, width) for one in value[:width]) + "]"
    elif isinstance(value, dict):
        text = json.dumps(value, ensure_ascii=False)
    else:
        text = str(value)[: 4 * width]
    text = visible(" ".join(text.split()))
    if KEY.fullmatch(text):
        text = text[:SHORT]
    return text if len(text) <= width else text[: width - 1] + "…"


def wrapped(text: str, width: int, indent: str = "") -> Iterator[str]:
    for line in visible(text).splitlines():
        yield from textwrap.wrap(line, width, initial_indent=indent, subsequent_indent=indent) or [""]


def grid(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Cells in aligned columns. A table that is wider than the terminal is turned, columns becoming lines, where that
    helps; else its columns follow in blocks, each with the names at its left."""
    table = [list(columns), *map(list, rows)]
    if _natural(table) > width and 1 < len(table) <= len(columns):
        turned = [list(cells) for cells in zip(*table, strict=True)]
        if _natural(turned) <= width:
            yield from _aligned(turned)
            return
    names = next((i for i in range(len(columns)) if _numeric(table, i)), 1) if len(table) > 1 else 1
    while names > 1 and _natural([row[:names] for row in table]) > width // 2:
        names -= 1
    rest = list(range(names, len(columns)))
    while True:
        block = list(range(min(names, len(columns))))
        while rest and (
            len(block) <= names or _natural([[row[i] for i in (*block, rest[0])] for row in table]) <= width
        ):
            block.append(rest.pop(0))
        yield from _aligned([[row[i] for i in block] for row in table])
        if not rest:
            return
        yield ""


def _natural(table: Sequence[Sequence[str]]) -> int:
    widths = _widths(table)
    return sum(widths) + 2 * (len(widths) - 1)


def _numeric(table: Sequence[Sequence[str]], i: int) -> bool:
    return len(table) > 1 and all(_number(row[i]) for row in table[1:])


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, cells)) for cells in zip(*rows, strict=True)]


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = _widths(rows)
    numeric = [_numeric(rows, i) for i in range(len(widths))]
    for row in rows:
        cells = [
            f"{cell:>{size}}" if right else f"{cell:<{size}}"
            for cell, size, right in zip(row, widths, numeric, strict=True)
        ]
        yield "  ".join(cells).rstrip()


def _number(cell: str) -> bool:
    return bool(re.fullmatch(r"[-+]?[\d.,]*\d(e[-+]?\d+)?%?|-|", cell))
