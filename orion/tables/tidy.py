"""The tidy CSVs beside a table: every number in a row of its own, also those that the table has no room for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from orion.statistics.intervals import amount, score
from orion.tables.comparison import Column, Table, observations
from orion.tables.layout import printed
from orion.tables.results import Cell


def tidy(table: Table) -> list[dict[str, Any]]:
    """One row a number: student, method, benchmark, decoding, group (`all`, or `subject=...`, `level=...`), metric,
    value, low, high, unit, problems, n, k, seeds, seed_sd (standard deviation between training seeds), paper, mark.

    Besides the table's own columns: breakdowns by subject and level, benchmark families, maj@k, accuracy within token
    budgets,
    tokens per answer, and the shares of truncated, answerless and unverified samples.
    """
    rows = []
    for student in table.students:
        for method in table.spec.methods:
            for column in filter(lambda column: column.ranked, table.columns):  # the others follow, a benchmark each
                entry = table.entries[student, method, column]
                theirs = printed(table, student, method, column)
                extra = {"paper": theirs.value if theirs else None, "mark": " ".join(sorted(entry.marks))}
                rows.append(_row(student, method, column, "all", entry.cells, table.spec.confidence) | extra)
            rows += _more(table, student, method)
    return rows


def _row(
    student: str, method: str, column: Column, group: str, cells: Sequence[Cell], confidence: float
) -> dict[str, Any]:
    values = [cell.metric(column.metric) for cell in cells]
    result = score(values, confidence, observations(cells, column.metric))
    k = column.metric.partition("@")[2].split()[0]
    by_seed = sum(v.mean(axis=1) for v in values) / len(values)
    return _numbers(
        student, method, column.name, column.decoding, group, column.title, 100 * result.value, 100 * result.low,
        100 * result.high, "%", result.problems, cells[0].draws, int(k), result.seeds,
        100 * float(by_seed.std(ddof=1)) if result.seeds > 1 else None,
    )  # fmt: skip


def _numbers(*values: Any) -> dict[str, Any]:
    names = (
        "student", "method", "benchmark", "decoding", "group", "metric", "value", "low", "high", "unit", "problems",
        "n", "k", "seeds", "seed_sd",
    )  # fmt: skip
    return dict(zip(names, values, strict=True)) | {"paper": None, "mark": ""}


def _more(table: Table, student: str, method: str) -> Iterator[dict[str, Any]]:
    import numpy as np

    spec = table.spec
    decodings = [spec.decoding, *([spec.greedy] if spec.greedy else [])]
    for benchmark in table.benchmarks:
        for decoding in decodings:
            cell = table.cells[student, method, benchmark, decoding]
            greedy = decoding == spec.greedy
            for name, groups in cell.groups.items():
                named = np.array(["" if value is None else value for value in groups])
                for value in sorted(set(named.tolist()) - {""}):
                    column = Column(benchmark, (benchmark,), "Acc@1", decoding, greedy)
                    yield _row(student, method, column, f"{name}={value}", [cell.only(named == value)], spec.confidence)
            for k in {cell.draws, *spec.ks} - {1, *spec.majority}:
                if k <= cell.draws:
                    column = Column(benchmark, (benchmark,), f"maj@{k}", decoding, greedy)
                    yield _row(student, method, column, "all", [cell], spec.confidence)
            for budget in spec.budgets:
                column = Column(benchmark, (benchmark,), f"Acc@1 in {budget} tokens", decoding, greedy)
                yield _row(student, method, column, "all", [cell], spec.confidence)
            for name, counts in cell.counts.items():
                yield _mean(
                    student,
                    method,
                    benchmark,
                    decoding,
                    name.replace("_", " "),
                    100 * counts / cell.draws,
                    "%",
                    cell,
                    spec,
                )
            yield _mean(
                student,
                method,
                benchmark,
                decoding,
                "tokens per answer",
                cell.tokens.mean(axis=2),
                "tokens",
                cell,
                spec,
            )
    for family, members in spec.families.items():
        chosen = [name for name in table.benchmarks if name in members]
        for metric in [f"Acc@{k}" for k in spec.ks] if chosen else []:
            cells = [table.cells[student, method, name, spec.decoding] for name in chosen]
            column = Column(family, tuple(chosen), metric, spec.decoding)
            yield _row(student, method, column, "family", cells, spec.confidence)


def _mean(
    student: str, method: str, benchmark: str, decoding: str, metric: str, values: Any, unit: str, cell: Cell, spec: Any
) -> dict[str, Any]:
    """A mean of something that is no score; shares get the scores' interval, tokens a t interval."""
    if unit == "%":
        result = score([values / 100], spec.confidence, cell.correct.size)
        mean, low, high = 100 * result.value, 100 * result.low, 100 * result.high
    else:
        result = amount([values], spec.confidence)
        mean, low, high = result.value, result.low, result.high
    sd = float(values.mean(axis=1).std(ddof=1)) if len(values) > 1 else None
    return _numbers(
        student,
        method,
        benchmark,
        decoding,
        "all",
        metric,
        mean,
        low,
        high,
        unit,
        len(cell.ids),
        cell.draws,
        1,
        len(cell.seeds),
        sd,
    )


def tests(table: Table) -> list[dict[str, Any]]:
    """One row a paired test; differences are first minus second in percentage points. Where a comparison is open, the
    counts say how many draws, seeds or problems, each alone, would settle a true difference as large with 80% power."""
    alpha = 1 - table.spec.confidence
    return [
        {
            "student": test.student,
            "benchmark": test.column.name,
            "metric": test.column.title,
            "question": test.question,
            "first": test.first,
            "second": test.second,
            "difference": 100 * test.difference.value,
            "low": 100 * test.difference.low,
            "high": 100 * test.difference.high,
            "p": test.difference.p,
            "p_holm": test.p_holm,
            "separated": test.p_holm <= alpha,
            "problems": test.difference.problems,
            "problems_better": test.difference.better,
            "problems_worse": test.difference.worse,
            "detectable": 100 * test.plan.detectable,
        }
        | {
            f"{name}_needed": getattr(test.plan, name) if test.p_holm > alpha else None
            for name in ("draws", "seeds", "problems")
        }
        for test in table.tests
    ]
