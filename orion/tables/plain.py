"""Tables of counts and costs, without tests: rows of named columns as CSV, Markdown and LaTeX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orion.tables.layout import csv_text as csv_text
from orion.tables.layout import escaped, floating


def shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def markdown(rows: Sequence[Mapping[str, Any]], caption: str) -> str:
    columns = list(rows[0]) if rows else []
    numeric = {name for name in columns if not any(isinstance(row[name], str) for row in rows)}
    lines = [
        "| " + " | ".join(columns) + " |",
        "|" + "".join(" ---: |" if name in numeric else " --- |" for name in columns),
        *("| " + " | ".join(shown(row[name]).replace("|", "\\|") for name in columns) + " |" for row in rows),
    ]
    return "\n".join(lines) + f"\n\n{caption}\n"


def latex(rows: Sequence[Mapping[str, Any]], caption: str, name: str) -> str:
    columns = list(rows[0]) if rows else []
    numeric = {column for column in columns if not any(isinstance(row[column], str) for row in rows)}
    tabular = [
        r"\begin{tabular}{" + "".join("r" if column in numeric else "l" for column in columns) + "}",
        r"\toprule",
        " & ".join(map(escaped, columns)) + r" \\",
        r"\midrule",
        *(" & ".join(escaped(shown(row[column])) for column in columns) + r" \\" for row in rows),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return floating(name, escaped(caption), tabular)


def tidy(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row a number: the row's words, then `quantity` and `value`. Cells without a number have none."""
    words = [name for name in (rows[0] if rows else {}) if any(isinstance(row[name], str) for row in rows)]
    return [
        {word: row[word] for word in words} | {"quantity": name, "value": value}
        for row in rows
        for name, value in row.items()
        if name not in words and value is not None
    ]


def write(folder: Path, name: str, rows: Sequence[Mapping[str, Any]], caption: str) -> None:
    """{name}.csv, .tidy.csv, .md and .tex."""
    from orion.files import write_text

    write_text(folder / f"{name}.csv", csv_text(rows))
    write_text(folder / f"{name}.tidy.csv", csv_text(tidy(rows)))
    write_text(folder / f"{name}.md", markdown(rows, caption))
    write_text(folder / f"{name}.tex", latex(rows, caption, name))
