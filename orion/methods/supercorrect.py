"""SuperCorrect (arXiv 2410.09008), stage 1 (section 3.1, HSFT): the student learns hierarchical templates.

The target is a kept template; the prompt asks for its format, in training and (the recipe's `ask`) in the evaluation.
Stage 2, DPO between the teacher's corrections of the student's first wrong step and the student's own, is not built:
its objective stands in `orion/training/objectives/dpo.py`, its data does not yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from orion.methods.rows import Row, TrainingSet, without_duplicates
from orion.prompts import fill
from orion.types import Problem

if TYPE_CHECKING:
    import polars as pl


def templates(prompts: Mapping[str, str], problems: list[Problem], templates: pl.DataFrame) -> TrainingSet:
    kept = {row["id"]: row for row in templates.iter_rows(named=True) if row["kept"]}
    found = without_duplicates(
        Row(
            p.id,
            fill(prompts["template_question"], problem=p.problem),
            kept[p.id]["template"],
            None,
            (kept[p.id]["key"],),
        )
        for p in problems
        if p.id in kept
    )
    found.dropped["no-kept-template"] = sum(p.id not in kept for p in problems)
    return found
