r"""ORION (arXiv 2505.22131) and the arms of its table.

- SFT(Label): (q, human solution ending in the label).
- SFT(Long-CoT): (q, o), o the teacher's CoT.
- ORION: (q, o~) for every kept rewrite o~ of o (section 3.2); the error is not in the training input.
- w/o Solution Error: the same with rewrites made without the error.
- w/o Self-Reflection: not defined by the paper. Here: the unrefined o is the target and the prompt holds the question
  and one of the student's wrong solutions, a seeded choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from orion.methods.rows import Row, TrainingSet, without_duplicates
from orion.methods.traces import chosen_traces
from orion.prompts import fill
from orion.types import Problem, digest

if TYPE_CHECKING:
    import polars as pl


def labels(prompts: Mapping[str, str], problems: list[Problem]) -> TrainingSet:
    def target(problem: Problem) -> str:
        if not problem.solution:
            return rf"The answer is \boxed{{{problem.answer}}}."
        if r"\boxed" in problem.solution:
            return problem.solution
        return rf"{problem.solution}" + "\n" + rf"The answer is \boxed{{{problem.answer}}}."

    return without_duplicates(Row(p.id, fill(prompts["question"], problem=p.problem), target(p)) for p in problems)


def cots(prompts: Mapping[str, str], problems: list[Problem], cots: pl.DataFrame) -> TrainingSet:
    traces = chosen_traces(cots)
    found = without_duplicates(
        Row(p.id, fill(prompts["question"], problem=p.problem), traces[p.id].text, None, (traces[p.id].key,))
        for p in problems
        if p.id in traces
    )
    found.dropped["no-verified-trace"] = sum(p.id not in traces for p in problems)
    return found


def refined(prompts: Mapping[str, str], problems: list[Problem], refined: pl.DataFrame) -> TrainingSet:
    by_id = {p.id: p for p in problems}
    rows = [row for row in refined.iter_rows(named=True) if row["kept"] and row["id"] in by_id]
    found = without_duplicates(
        Row(
            row["id"],
            fill(prompts["question"], problem=by_id[row["id"]].problem),
            row["response"].strip(),
            None,
            tuple(key for key in (row["key"], row["error_key"], row["cot_key"]) if key),
        )
        for row in rows
    )
    found.dropped["no-kept-rewrite"] = len(by_id.keys() - {row["id"] for row in rows})
    return found


def cots_after_error(
    prompts: Mapping[str, str], problems: list[Problem], cots: pl.DataFrame, errors: pl.DataFrame
) -> TrainingSet:
    traces = chosen_traces(cots)
    chosen: dict[str, dict[str, str]] = {}
    for row in errors.iter_rows(named=True):
        if row["id"] not in chosen or digest(row["key"]) < digest(chosen[row["id"]]["key"]):
            chosen[row["id"]] = row
    found = without_duplicates(
        Row(
            p.id,
            fill(prompts["question_after_error"], problem=p.problem, error=chosen[p.id]["response"]),
            traces[p.id].text,
            None,
            (traces[p.id].key, chosen[p.id]["key"]),
        )
        for p in problems
        if p.id in traces and p.id in chosen
    )
    found.dropped["no-verified-trace"] = sum(p.id not in traces for p in problems)
    found.dropped["no-error"] = sum(p.id in traces and p.id not in chosen for p in problems)
    return found
