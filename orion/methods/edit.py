"""EDIT (arXiv 2405.19737): learn the key steps of a CoT from pairs of a right and a wrong one.

- Stage 1 (section 3.2): SFT on D+ and D-+: the teacher's verified CoTs, and its rectified ones for problems that it had
  wrong. Where a problem has both, both are rows.
- Stage 2 (section 3.3, KRSL): the duals; what bears a loss in them is `orion/training/objectives/krsl.py`.
- Its analyses: patterns of mistakes on equal subsets (`orion/teacher/mistakes.py`, a stage's `choose.mistakes`), alpha
  and beta (`training.krsl_right`, `krsl_wrong`), DPO instead of KRSL (`objective: dpo` on the same pairs), the share of
  key tokens (`orion/analysis/key_tokens.py`). All are recipes of `config/edit.yaml`.
- The same with the student's real errors as the wrong sides, which the paper does not do: `refined_over_errors` pairs
  ORION's kept rewrites with the errors that they were made from.

The duals themselves (section 3.1) are made by `orion/teacher/duals.py`. The paper chooses its best epoch on the test
task; we do not: the config fixes the number of epochs, or `training.held_out` chooses one on problems of the training
side that are kept out of training.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from orion.methods.rows import Row, TrainingSet, without_duplicates
from orion.methods.traces import chosen_traces
from orion.prompts import fill
from orion.types import Problem

if TYPE_CHECKING:
    import polars as pl


def rectified(
    prompts: Mapping[str, str], problems: list[Problem], cots: pl.DataFrame, duals: pl.DataFrame
) -> TrainingSet:
    traces = chosen_traces(cots)
    mended = {row["id"]: row for row in duals.iter_rows(named=True) if row["kind"] == "rectified" and row["kept"]}
    rows = []
    for p in problems:
        question = fill(prompts["question"], problem=p.problem)
        if p.id in traces:
            rows.append(Row(p.id, question, traces[p.id].text, None, (traces[p.id].key,)))
        if p.id in mended:
            rows.append(Row(p.id, question, mended[p.id]["right"], None, (mended[p.id]["right_key"],)))
    found = without_duplicates(rows)
    found.dropped["no-right-cot"] = sum(p.id not in traces and p.id not in mended for p in problems)
    return found


def duals(prompts: Mapping[str, str], problems: list[Problem], duals: pl.DataFrame) -> TrainingSet:
    by_id = {p.id: p for p in problems}
    kept = [row for row in duals.iter_rows(named=True) if row["kept"] and row["id"] in by_id]
    found = without_duplicates(
        Row(
            row["id"],
            fill(prompts["question"], problem=by_id[row["id"]].problem),
            row["right"],
            row["wrong"],
            (row["right_key"], row["wrong_key"]),
        )
        for row in kept
    )
    found.dropped["no-dual"] = len(by_id.keys() - {row["id"] for row in kept})
    return found


def refined_over_errors(
    prompts: Mapping[str, str], problems: list[Problem], refined: pl.DataFrame, errors: pl.DataFrame
) -> TrainingSet:
    by_id = {p.id: p for p in problems}
    wrong = {row["key"]: row["response"].strip() for row in errors.iter_rows(named=True)}
    kept = [row for row in refined.iter_rows(named=True) if row["kept"] and row["id"] in by_id]
    paired = [row for row in kept if row["error_key"] in wrong]
    found = without_duplicates(
        Row(
            row["id"],
            fill(prompts["question"], problem=by_id[row["id"]].problem),
            row["response"].strip(),
            wrong[row["error_key"]],
            tuple(key for key in (row["key"], row["error_key"], row["cot_key"]) if key),
        )
        for row in paired
    )
    found.dropped["no-error-beside"] = len(kept) - len(paired)
    found.dropped["no-kept-rewrite"] = len(by_id.keys() - {row["id"] for row in kept})
    return found
