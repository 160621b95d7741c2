"""What the arms of a table were trained on: problems, rows and optimiser steps, from the adapters' own records."""

from __future__ import annotations

from typing import Any, NamedTuple

from orion.tables.comparison import Table


class Trained(NamedTuple):
    """Of one student and method, over its seeds: each seed's number of problems, rows and optimiser steps, and a name
    for just these problems. Of several stages it is the last one."""

    problems: list[int]
    rows: list[int]
    steps: list[int]
    names: list[str]

    def __str__(self) -> str:
        return ", ".join(_span(numbers) for numbers in (self.problems, self.rows, self.steps))


def _span(numbers: list[int]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low:,}" if low == high else f"{low:,}-{high:,}"


def trained(table: Table, student: str, method: str) -> Trained | None:
    """None for what was not trained, or trained before this was recorded."""
    entry = table.entries[student, method, table.columns[0]]
    found: list[dict[str, Any]] = [run["training"] for run in entry.cells[0].runs if run.get("training")]
    if not found:
        return None
    return Trained(
        [facts["problems"]["count"] for facts in found],
        [facts["rows"] for facts in found],
        [facts["steps"] for facts in found],
        [facts["problems"]["digest"] for facts in found],
    )


def sentences(table: Table) -> list[str]:
    """One a student: that its arms are matched, or what each was trained on."""
    said = []
    for student in table.students:
        arms = {m: found for m in table.spec.methods if (found := trained(table, student, m))}
        of = f" of {table.spec.label(student)}" if len(table.students) > 1 else ""
        first = next(iter(arms.values()), None)
        if (
            first
            and len(arms) > 1
            and all((arm.names, arm.steps) == (first.names, first.steps) for arm in arms.values())
        ):
            said.append(
                f"Matched: all trained arms{of} learned from the same {_span(first.problems)} problems in "
                f"{_span(first.steps)} optimiser steps."
            )
        elif arms:
            each = "; ".join(f"{table.spec.label(method)} {arm}" for method, arm in arms.items())
            said.append(f"Trained{of} on (problems, rows, optimiser steps): {each}.")
    return said
