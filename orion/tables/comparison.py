"""Cells -> the numbers of a table: scores with intervals, paired tests, and what may be printed bold.

Marks, for each student and column: the best value is bold if a test separates it from every other; the runner-up is
underlined, and the best as well where it is not bold. A method that is no baseline gets a dagger where no test
separates it from the best baseline. All tests of a table are one family, corrected by Holm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from orion.errors import UserError
from orion.statistics.intervals import Score, amount, score
from orion.statistics.paired import Difference, compare, holm
from orion.statistics.planning import Plan, draw_noise, plan
from orion.tables.config import ScoreTable
from orion.tables.results import CUT_OFF, TOKENS, Cell, Key

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

AVERAGE = "Average"


class Column(NamedTuple):
    """What stands in one column: a metric on some benchmarks (several for an average)."""

    name: str
    benchmarks: tuple[str, ...]
    metric: str
    decoding: str
    greedy: bool = False

    @property
    def title(self) -> str:
        return f"greedy {self.metric}" if self.greedy else self.metric

    @property
    def scale(self) -> float:
        """What values are multiplied by in print: scores and shares are percent."""
        return 1 if self.metric == TOKENS else 100

    @property
    def ranked(self) -> bool:
        """Whether more of it is better: tests and marks are for these alone."""
        return self.metric not in (TOKENS, CUT_OFF)

    def printed(self, number: float) -> str:
        return f"{self.scale * number:.{0 if self.metric == TOKENS else 1}f}"

    @property
    def key(self) -> str:
        """Name of the column in the wide CSV."""
        return f"{self.name} {self.title}"


class Test(NamedTuple):
    """A paired comparison within one student and column. `p_holm` is corrected over the whole table."""

    student: str
    column: Column
    first: str
    second: str
    question: str
    difference: Difference
    p_holm: float
    plan: Plan


@dataclass
class Entry:
    """One printed number."""

    score: Score
    cells: list[Cell]
    values: list[NDArray[np.float64]]
    marks: set[str] = field(default_factory=set)  # bold, underline, dagger


@dataclass
class Table:
    spec: ScoreTable
    students: list[str]
    benchmarks: list[str]
    columns: list[Column]
    entries: dict[tuple[str, str, Column], Entry]
    tests: list[Test]
    cells: dict[Key, Cell]


def columns_of(spec: ScoreTable, benchmarks: Sequence[str]) -> list[Column]:
    metrics = [f"Acc@{k}" for k in spec.ks] + [f"maj@{k}" for k in spec.majority]
    metrics += [{"tokens": TOKENS, "truncated": CUT_OFF}[name] for name in spec.answers or []]
    columns = []
    groups = [(name, (name,)) for name in benchmarks] + ([(AVERAGE, tuple(benchmarks))] if len(benchmarks) > 1 else [])
    for name, members in groups:
        columns += [Column(name, members, metric, spec.decoding) for metric in metrics]
        if spec.greedy:
            columns.append(Column(name, members, "Acc@1", spec.greedy, greedy=True))
    return columns


def cells_of(cells: dict[Key, Cell], student: str, method: str, column: Column) -> list[Cell]:
    """The cells behind an entry, one a benchmark.

    Raises:
        UserError: one was not scored: a hole in a table would be read as a zero.
    """
    found = []
    for benchmark in column.benchmarks:
        cell = cells.get((student, method, benchmark, column.decoding))
        if cell is None:
            raise UserError(
                f"no scores of student {student}, method {method} on {benchmark} with decoding {column.decoding}; "
                "score it, or take it out of the table's methods, benchmarks or students"
            )
        found.append(cell)
    return found


def observations(cells: Sequence[Cell], metric: str) -> int | None:
    """Single samples behind the values; for pass@k and maj@k a problem's draws are one observation."""
    return sum(cell.correct.size for cell in cells) if metric in ("Acc@1", CUT_OFF) else None


def make_table(spec: ScoreTable, cells: dict[Key, Cell]) -> Table:
    """All numbers of a table.

    Raises:
        UserError: something that the table shows was not scored.
    """
    students = spec.students or list(dict.fromkeys(key[0] for key in cells))
    benchmarks = spec.benchmarks or list(dict.fromkeys(key[2] for key in cells if key[3] == spec.decoding))
    if not benchmarks:
        known = ", ".join(sorted({key[3] for key in cells}))
        raise UserError(f"no scores with decoding {spec.decoding}; the scores have {known}")
    columns = columns_of(spec, benchmarks)
    entries = {}
    for student in students:
        for method in spec.methods:
            for column in columns:
                found = cells_of(cells, student, method, column)
                entries[student, method, column] = make_entry(found, column.metric, spec.confidence)
    table = Table(spec, students, benchmarks, columns, entries, [], cells)
    _test(table)
    return table


def make_entry(cells: list[Cell], metric: str, confidence: float) -> Entry:
    """A metric's value over one cell, or averaged over several benchmarks."""
    values = [cell.metric(metric) for cell in cells]
    if metric == TOKENS:
        return Entry(amount(values, confidence), cells, values)
    return Entry(score(values, confidence, observations(cells, metric)), cells, values)


def compare_entries(first: Entry, second: Entry, metric: str, confidence: float) -> Difference:
    """The paired comparison that tables and `python -m orion.compare` share."""
    draws = first.cells[0].draws if metric == "Acc@1" else 1
    return compare(first.values, second.values, confidence, draws)


def _compare(table: Table, student: str, column: Column, first: str, second: str) -> Difference:
    a, b = (table.entries[student, method, column] for method in (first, second))
    return compare_entries(a, b, column.metric, table.spec.confidence)


def make_plan(difference: Difference, sides: Sequence[Entry], metric: str, alpha: float) -> Plan:
    """What would settle a comparison of two entries."""
    noise = sum(
        draw_noise(values, cell.draws) / len(side.cells) ** 2 if metric == "Acc@1" else 0.0
        for side in sides
        for values, cell in zip(side.values, side.cells, strict=True)
    )
    seeds = max(len(side.cells[0].seeds) for side in sides)
    return plan(difference, noise, sides[0].cells[0].draws, seeds, alpha)


def _test(table: Table) -> None:
    """Runs the tests of a table and sets its marks."""
    spec, alpha = table.spec, 1 - table.spec.confidence
    wanted: list[tuple[str, Column, str, str, str, Difference]] = []
    for student in table.students:
        for column in filter(lambda column: column.ranked, table.columns):
            value = {method: table.entries[student, method, column].score.value for method in spec.methods}
            ranked = sorted(spec.methods, key=lambda method: -value[method])
            if len(ranked) > 1:
                rivals = {second: _compare(table, student, column, ranked[0], second) for second in ranked[1:]}
                # To be the best is to beat every other: its p value is that of the rival hardest to beat.
                hardest = max(rivals, key=lambda second: rivals[second].p)
                wanted.append((student, column, ranked[0], hardest, "best", rivals[hardest]))
                if value[ranked[0]] > value[ranked[-1]]:
                    table.entries[student, ranked[1], column].marks.add("underline")
            for method in _against_baseline(spec):
                baseline = next(name for name in ranked if name in spec.baselines)
                difference = _compare(table, student, column, method, baseline)
                wanted.append((student, column, method, baseline, "best baseline", difference))
            for method in spec.methods if spec.reference in spec.methods else []:
                if method != spec.reference:
                    difference = _compare(table, student, column, method, str(spec.reference))
                    wanted.append((student, column, method, str(spec.reference), "reference", difference))
    corrected = holm([difference.p for *_, difference in wanted])
    for (student, column, first, second, question, difference), p_holm in zip(wanted, corrected, strict=True):
        sides = [table.entries[student, method, column] for method in (first, second)]
        design = make_plan(difference, sides, column.metric, alpha)
        table.tests.append(Test(student, column, first, second, question, difference, p_holm, design))
        if question == "best" and p_holm <= alpha:
            sides[0].marks.add("bold")
        elif question == "best" and any(_marked(table, student, column)):
            sides[0].marks.add("underline")
        elif question == "best baseline" and p_holm > alpha:
            sides[0].marks.add("dagger")


def _against_baseline(spec: ScoreTable) -> list[str]:
    """The methods that are held against the best baseline; none where the table has no baseline."""
    has_baseline = any(method in spec.baselines for method in spec.methods)
    return [method for method in spec.methods if has_baseline and method not in spec.baselines]


def _marked(table: Table, student: str, column: Column) -> list[bool]:
    return ["underline" in table.entries[student, method, column].marks for method in table.spec.methods]
