"""What a table leaves open, in words: which methods it does not tell apart, and what would."""

from __future__ import annotations

from orion.statistics.planning import Plan
from orion.tables.comparison import Table, Test


def settling(plan: Plan) -> str:
    """`12 draws a problem, 3 seeds or 800 problems`: each alone would do. Empty where no number would."""
    counts = ((plan.draws, "draws a problem"), (plan.seeds, "training seeds"), (plan.problems, "problems"))
    found = [f"{count:,} {word}" for count, word in counts if count is not None]
    return " or ".join([", ".join(found[:-1]), found[-1]] if len(found) > 1 else found)


def open_comparisons(table: Table) -> list[str]:
    """A sentence for each comparison that no test decides, in the table's headline column: Acc@1, averaged where there
    are several benchmarks. The tests of all columns are in the tests file."""
    alpha = 1 - table.spec.confidence
    headline = [column for column in table.columns if column.metric == "Acc@1" and not column.greedy][-1]
    seen: set[frozenset[str]] = set()
    said = []
    for test in table.tests:
        pair = frozenset((test.student, test.first, test.second))
        if test.column == headline and test.p_holm > alpha and pair not in seen:
            seen.add(pair)
            said.append(_sentence(table, test))
    return said


def _sentence(table: Table, test: Test) -> str:
    d, label = test.difference, table.spec.label
    of = f"{label(test.student)}, " if len(table.students) > 1 else ""
    text = (
        f"{of}{label(test.first)} against {label(test.second)}: {100 * d.value:+.1f} "
        f"[{100 * d.low:+.1f}, {100 * d.high:+.1f}], p {test.p_holm:.2g}; this design shows differences from "
        f"{100 * test.plan.detectable:.1f}"
    )
    needed = settling(test.plan)
    return f"{text}; as large a true one would show with {needed}." if needed else f"{text}."
