"""Which of a paper's claims this run supports, contradicts or cannot decide.

A claim is: on this benchmark, the paper's own method is so many points better (or worse) than that arm. It is put to
the paired test that the tables use, on our samples; all claims of a table are one family, corrected by Holm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from orion.statistics.paired import Difference, holm
from orion.tables.comparison import AVERAGE, Table, compare_entries, make_entry
from orion.tables.paper import OWN, Published, reference, same_name

SUPPORTED, CONTRADICTED, UNDECIDED, NOT_RUN = "supported", "contradicted", "undecided", "not run"

CLAIM_COLUMNS = (
    "paper", "first", "second", "paper student", "paper benchmark", "paper difference", "source", "student",
    "benchmark", "setting", "difference", "low", "high", "p", "p_holm", "verdict",
)  # fmt: skip


class Claim(NamedTuple):
    """The paper's method `ours` against the arm `other`, as published."""

    ours: Published
    other: Published

    @property
    def difference(self) -> float:
        return self.ours.value - self.other.value


def published_claims(paper: str) -> list[Claim]:
    """What the paper's numbers say of its own method against each arm that we have a recipe for."""
    rows = [row for row in reference() if row.paper == paper and row.metric in ("Acc@1", "accuracy") and row.recipe]
    own = [row for row in rows if row.recipe == OWN[paper]]
    return [
        Claim(ours, other)
        for ours in own
        for other in rows
        if (other.student, other.benchmark) == (ours.student, ours.benchmark)
        and other.recipe != ours.recipe
        and other.value != ours.value
    ]


def claims(table: Table) -> list[dict[str, Any]]:
    """One row a claim and student of ours; `setting` says how ours differs from the paper's."""
    spec = table.spec
    rows: list[tuple[dict[str, Any], Claim, Difference | None]] = []
    for claim in published_claims(spec.paper) if spec.paper else []:
        about = {
            "paper": claim.ours.paper,
            "first": claim.ours.recipe,
            "second": claim.other.recipe,
            "paper student": claim.ours.student,
            "paper benchmark": claim.ours.benchmark,
            "paper difference": round(claim.difference, 2),
            "source": claim.ours.source,
        }
        benchmarks, setting = _benchmarks(table, claim)
        run = [
            student
            for student in table.students
            if benchmarks and all(_has(table, student, row.recipe, benchmarks) for row in claim)
        ]
        for student in run:
            first, second = (
                make_entry(
                    [table.cells[student, row.recipe, b, spec.decoding] for b in benchmarks], "Acc@1", spec.confidence
                )
                for row in claim
            )
            where = (
                setting
                if same_name(student, claim.ours.student)
                else ", ".join(filter(None, ["other student", setting]))
            )
            place = {
                "student": student,
                "benchmark": AVERAGE if len(benchmarks) > 1 else benchmarks[0],
                "setting": where,
            }
            rows.append((about | place, claim, compare_entries(first, second, "Acc@1", spec.confidence)))
        if not run:
            rows.append((about | {"student": "", "benchmark": "", "setting": ""}, claim, None))
    corrected = iter(holm([difference.p for _, _, difference in rows if difference]))
    return [_row(about, claim, difference, corrected, 1 - spec.confidence) for about, claim, difference in rows]


def _benchmarks(table: Table, claim: Claim) -> tuple[list[str], str]:
    """Our benchmarks that a claim can be tested on, and how they differ from the paper's."""
    if claim.ours.benchmark != AVERAGE:
        return [name for name in table.benchmarks if same_name(name, claim.ours.benchmark)][:1], ""
    theirs = {
        row.benchmark.lower()
        for row in reference()
        if (row.paper, row.student, row.recipe) == (claim.ours.paper, claim.ours.student, claim.ours.recipe)
    }
    same = len(table.benchmarks) == len(theirs - {"average", ""}) and all(
        any(same_name(ours, name) for name in theirs) for ours in table.benchmarks
    )
    return table.benchmarks, "" if same else "other benchmarks"


def _has(table: Table, student: str, method: str, benchmarks: Sequence[str]) -> bool:
    return all((student, method, name, table.spec.decoding) in table.cells for name in benchmarks)


def _row(
    about: dict[str, Any], claim: Claim, difference: Difference | None, corrected: Any, alpha: float
) -> dict[str, Any]:
    if difference is None:
        return about | dict.fromkeys(("difference", "low", "high", "p", "p_holm")) | {"verdict": NOT_RUN}
    p_holm = next(corrected)
    same_sign = (difference.value > 0) == (claim.difference > 0)
    verdict = UNDECIDED if p_holm > alpha else SUPPORTED if same_sign else CONTRADICTED
    return about | {
        "difference": 100 * difference.value,
        "low": 100 * difference.low,
        "high": 100 * difference.high,
        "p": difference.p,
        "p_holm": p_holm,
        "verdict": verdict,
    }


def summary(rows: Sequence[dict[str, Any]]) -> str:
    """One sentence: how the paper's claims fared. Empty where none was asked for."""
    if not rows:
        return ""
    counts = Counter(row["verdict"] for row in rows)
    other = sorted({setting for row in rows if row["verdict"] != NOT_RUN and (setting := row["setting"])})
    where = f" ({'; '.join(other)})" if other else ""
    return (
        f"Of the claims of the {rows[0]['paper']} paper, each put to a paired test{where}, this run supports "
        f"{counts[SUPPORTED]}, contradicts {counts[CONTRADICTED]} and cannot decide {counts[UNDECIDED]}; "
        f"{counts[NOT_RUN]} are about benchmarks or arms that it does not have."
    )


def markdown(rows: Sequence[dict[str, Any]]) -> str:
    """The claims that were put to a test, and how many were not run."""
    if not rows:
        return "No paper's claims were asked for.\n"
    lines = ["| Claim of the paper | Paper | This run | Verdict |", "| --- | ---: | ---: | --- |"]
    for row in rows:
        if row["verdict"] == NOT_RUN:
            continue
        setting = f" ({row['setting']})" if row["setting"] else ""
        lines.append(
            f"| {row['first']} against {row['second']}, {row['paper student']}, {row['paper benchmark']} "
            f"| {row['paper difference']:+.1f} | {row['student']}, {row['benchmark']}: {row['difference']:+.1f} "
            f"[{row['low']:+.1f}, {row['high']:+.1f}]{setting} | {row['verdict']} |"
        )
    missing = sum(row["verdict"] == NOT_RUN for row in rows)
    note = f"\n{missing} more claims are about benchmarks or arms that this run does not have.\n" if missing else ""
    return "\n".join(lines) + "\n" + note
