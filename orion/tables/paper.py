"""The papers' published numbers, and what a run says about their claims. Data: orion/data/paper_reference.csv."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

REFERENCE = Path(__file__).parent.parent / "data" / "paper_reference.csv"
OWN = {"ORION": "orion", "EDIT": "edit", "SuperCorrect": "supercorrect"}  # the method that each paper is about


class Published(NamedTuple):
    """A row of the reference. `method` is as printed, `recipe` our name for it (empty where we have none)."""

    paper: str
    student: str
    method: str
    recipe: str
    benchmark: str
    metric: str
    value: float
    unit: str
    source: str


@cache
def reference() -> tuple[Published, ...]:
    with REFERENCE.open(encoding="utf-8", newline="") as file:
        rows = [Published(*row) for row in list(csv.reader(file))[1:]]  # type: ignore[arg-type]
    return tuple(row._replace(value=float(row.value)) for row in rows)


def same_name(first: str, second: str) -> bool:
    """`Qwen/Qwen3-8B`, `qwen3-8b` and `Qwen3-8B` are the same; so are `gsm-hard` and `GSM-Hard`."""
    return _plain(first) == _plain(second)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.rsplit("/", 1)[-1].lower())


def published(
    paper: str | None, student: str, method: str, benchmark: str, metric: str, averaged: Sequence[str] = ()
) -> Published | None:
    """The paper's number for one entry, if it printed one.

    An average only stands beside ours if it is over the same benchmarks, `averaged`.
    """
    for row in reference():
        if (
            row.paper == paper
            and row.recipe == method
            and (row.metric == metric or (row.metric == "accuracy" and metric == "Acc@1"))
            and same_name(row.student, student)
            and same_name(row.benchmark, benchmark)
        ):
            if row.benchmark != "Average":
                return row
            theirs = {_plain(r.benchmark) for r in reference() if (r.paper, r.student) == (row.paper, row.student)}
            return row if theirs - {"average", ""} == {_plain(name) for name in averaged} else None
    return None
