"""A table as CSV, Markdown and LaTeX (booktabs), from the one source that `comparison` computes."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from orion.tables.caption import caption
from orion.tables.claims import claims, summary
from orion.tables.comparison import Entry, Table
from orion.tables.open import open_comparisons
from orion.tables.paper import Published, published
from orion.tables.trained import trained

Row = Mapping[str, Any]


def csv_text(rows: Sequence[Row], columns: Sequence[str] = ()) -> str:
    """CSV with `columns`, else the first row's keys, as header; numbers to six decimals, None as an empty field."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns or (list(rows[0]) if rows else []), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: round(v, 6) if isinstance(v, float) else v for key, v in row.items()} for row in rows)
    return out.getvalue()


def wide(table: Table) -> list[dict[str, Any]]:
    """One row a student and method.

    For each column `{benchmark} {metric}`: the score in percent, and the same name with ` low`, ` high` (interval),
    ` n` (draws a problem; of several benchmarks the least), ` k` and, where the paper printed one, ` paper` and ` minus
    paper`; for each benchmark ` problems`, ` truncated`, ` no answer` and ` unverified` (percent of samples); `training
    problems`, `rows` and `steps` (of the last stage, the mean over seeds) and the number of `seeds`.
    """
    rows = []
    for student in table.students:
        for method in table.spec.methods:
            row: dict[str, Any] = {"student": student, "method": method}
            for column in table.columns:
                entry = table.entries[student, method, column]
                score = entry.score
                row |= {
                    column.key: column.scale * score.value,
                    f"{column.key} low": column.scale * score.low,
                    f"{column.key} high": column.scale * score.high,
                    f"{column.key} n": min(cell.draws for cell in entry.cells),
                }
                if not column.ranked:
                    continue
                row[f"{column.key} k"] = int(column.metric.partition("@")[2])
                if _printed_anywhere(table, column):
                    theirs = printed(table, student, method, column)
                    row[f"{column.key} paper"] = theirs.value if theirs else None
                    row[f"{column.key} minus paper"] = 100 * score.value - theirs.value if theirs else None
            for benchmark in table.benchmarks:
                cell = table.cells[student, method, benchmark, table.spec.decoding]
                row[f"{benchmark} problems"] = len(cell.ids)
                for name, counts in cell.counts.items():
                    row[f"{benchmark} {name.replace('_', ' ')}"] = 100 * float(counts.mean()) / cell.draws
            about = trained(table, student, method)
            for name in ("problems", "rows", "steps"):
                row[f"training {name}"] = fmean(getattr(about, name)) if about else None
            row["seeds"] = len(table.entries[student, method, table.columns[0]].cells[0].seeds)
            rows.append(row)
    return rows


def printed(table: Table, student: str, method: str, column: Any) -> Published | None:
    """The paper's number for an entry; greedy columns have none, as the papers' Acc@1 is a mean over samples."""
    if column.greedy or not column.ranked:
        return None
    return published(table.spec.paper, student, method, column.name, column.metric, column.benchmarks)


def _printed_anywhere(table: Table, column: Any) -> bool:
    return any(printed(table, student, method, column) for student in table.students for method in table.spec.methods)


def _differences(table: Table) -> dict[tuple[str, str, Any], Any]:
    return {(t.student, t.first, t.column): t for t in table.tests if t.question == "reference"}


def markdown(table: Table) -> str:
    head = ["Student", "Method", *(f"{table.spec.label(c.name)} {c.title}" for c in table.columns)]
    lines = ["| " + " | ".join(head) + " |", "| --- | --- |" + " ---: |" * len(table.columns)]
    differences = _differences(table)
    for student in table.students:
        for method in table.spec.methods:
            cells = []
            for column in table.columns:
                entry = table.entries[student, method, column]
                text = column.printed(entry.score.value)
                text = (
                    f"**{text}**" if "bold" in entry.marks else f"<u>{text}</u>" if "underline" in entry.marks else text
                )
                notes = _notes(table, student, method, column, entry, differences)
                cells.append(text + ("†" if "dagger" in entry.marks else "") + "".join(f"<br>{note}" for note in notes))
            row = [table.spec.label(student), table.spec.label(method), *cells]
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")
    return "\n".join(lines) + "\n\n" + " ".join(caption(table)) + "\n" + _about_claims(table) + _left_open(table)


def _about_claims(table: Table) -> str:
    found = summary(claims(table))
    return f"\n{found} Each of them: {table.spec.name}.claims.md.\n" if found else ""


def _left_open(table: Table) -> str:
    found = open_comparisons(table)
    return "\n".join(["", "Left open (Acc@1, in points):", "", *(f"- {line}" for line in found), ""]) if found else ""


def _notes(table: Table, student: str, method: str, column: Any, entry: Entry, differences: Any) -> list[str]:
    notes = [f"[{column.printed(entry.score.low)}, {column.printed(entry.score.high)}]"]
    if test := differences.get((student, method, column)):
        d = test.difference
        notes.append(f"Δ {100 * d.value:+.1f} [{100 * d.low:+.1f}, {100 * d.high:+.1f}], p {test.p_holm:.3g}")
    if theirs := printed(table, student, method, column):
        notes.append(f"paper {theirs.value:.1f} ({100 * entry.score.value - theirs.value:+.1f})")
    return notes


_LATEX = str.maketrans(
    {c: f"\\{c}" for c in "&%$#_{}"}
    | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
)


def escaped(text: str) -> str:
    return text.translate(_LATEX).replace("Δ", r"$\Delta$").replace("−", "$-$").replace("<", "$<$").replace(">", "$>$")


def floating(name: str, caption: str, tabular: Sequence[str]) -> str:
    """A table environment for a document with booktabs and graphicx: as wide as its page at most. `caption` is escaped
    already."""
    lines = [
        r"% needs \usepackage{booktabs,graphicx}",
        r"\begin{table*}",
        r"\centering\small",
        rf"\caption{{{caption}}}",
        rf"\label{{tab:{name}}}",
        r"\resizebox{\ifdim\width>\textwidth\textwidth\else\width\fi}{!}{%",
        *tabular,
        r"}",
        r"\end{table*}",
        "",
    ]
    return "\n".join(lines)


def latex(table: Table) -> str:
    """Each entry stacks its value over interval and notes."""
    names = list(dict.fromkeys(column.name for column in table.columns))
    width = {name: sum(column.name == name for column in table.columns) for name in names}
    differences = _differences(table)
    lines = [
        r"\begin{tabular}{ll" + "c" * len(table.columns) + "}",
        r"\toprule",
        " & & "
        + " & ".join(rf"\multicolumn{{{width[n]}}}{{c}}{{{escaped(table.spec.label(n))}}}" for n in names)
        + r" \\",
    ]
    start, rules = 3, []
    for name in names:
        rules.append(rf"\cmidrule(lr){{{start}-{start + width[name] - 1}}}")
        start += width[name]
    lines += [" ".join(rules), "Student & Method & " + " & ".join(escaped(c.title) for c in table.columns) + r" \\"]
    for student in table.students:
        lines.append(r"\midrule")
        for i, method in enumerate(table.spec.methods):
            cells = [escaped(table.spec.label(student)) if i == 0 else "", escaped(table.spec.label(method))]
            for column in table.columns:
                entry = table.entries[student, method, column]
                text = column.printed(entry.score.value)
                text = rf"\textbf{{{text}}}" if "bold" in entry.marks else text
                text = rf"\underline{{{text}}}" if "underline" in entry.marks and "bold" not in entry.marks else text
                text += r"$^\dagger$" if "dagger" in entry.marks else ""
                notes = _notes(table, student, method, column, entry, differences)
                stacked = r"\\".join([text, *(rf"{{\scriptsize {escaped(note)}}}" for note in notes)])
                cells.append(rf"\begin{{tabular}}{{@{{}}c@{{}}}}{stacked}\end{{tabular}}")
            lines.append(" & ".join(cells) + r" \\")
    text = " ".join(map(escaped, caption(table)))
    return floating(table.spec.name, text, [*lines, r"\bottomrule", r"\end{tabular}"])
