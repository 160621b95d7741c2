"""Minimal CoT (arXiv 2507.09850): a base model, lightly fine-tuned on 20 long CoTs of a reasoning model.

- The method: `data: cots, limit: 20`, a constant learning rate and a fixed number of steps; the training seed chooses
  the 20. The paper gives neither rate nor steps; ours are 1e-5 and 100, and three seeds (`seeds` of the recipe).
- Prompting only: solver `few-shot`.
- A model that does not reason, with prompt engineering: `data: cots, teacher: NAME`, that teacher's `question`.
- Multi-pass editing and a fixed structure: `data: edited` with `passes` (`orion/teacher/passes.py`).
- Human-written CoTs: `data: labels`.
- What makes the CoTs work (difficulty, diversity, length): a stage's `choose` (`orion/methods/choice.py`).

All arms are recipes of `config/minimal-cot.yaml`; only edited CoTs need a builder of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from orion.methods.rows import Row, TrainingSet, without_duplicates
from orion.prompts import fill
from orion.types import Problem

if TYPE_CHECKING:
    import polars as pl


def edited(prompts: Mapping[str, str], problems: list[Problem], edited: pl.DataFrame) -> TrainingSet:
    kept = {row["id"]: row for row in edited.iter_rows(named=True) if row["kept"]}
    found = without_duplicates(
        Row(
            p.id,
            fill(prompts["question"], problem=p.problem),
            kept[p.id]["response"],
            None,
            (kept[p.id]["key"], kept[p.id]["cot_key"]),
        )
        for p in problems
        if p.id in kept
    )
    found.dropped["no-kept-edit"] = sum(p.id not in kept for p in problems)
    return found
