"""SuperCorrect (arXiv 2410.09008): learn hierarchical templates, then how a teacher corrects one's own wrong steps.

- Stage 1, HSFT (section 3.1): SFT on the teacher's templates (`orion/teacher/templates.py`): numbered steps, a key
  inside tricky ones, what is general, the answer. The prompt asks for that form, in training, in the exposure of stage
  2 and (the recipe's `ask`) in the evaluation. The paper: 4 epochs, learning rate 2e-5, cosine.
- Stage 2, cross-model DPO (section 3.2): the policy after stage 1 answers the training problems (`orion.sample`); of
  its wrong solutions (`orion.error_set`) the teacher names the first wrong step k (`orion/teacher/locations.py`). Both
  correct it from the same prompt, which only for the teacher holds the reference solution: the student
  (`orion/own_corrections.py`) gives the rejected cause and correction, the teacher, whom an inspector checks, the
  chosen ones (`orion/teacher/corrections.py`). DPO against the policy of stage 1, on the tokens of cause and
  correction alone, given the problem and the steps up to k (`orion/training/objectives/dpo.py`). The paper: 8 epochs,
  learning rate 1e-6; it does not state beta, ours is 0.1.
- Evaluation: a method with `solver: self-correct` also has the second pass without an oracle
  (`orion/solvers/self_correct.py`); the analyses self_correction, locating, stability and subjects are the paper's.

Ours, where the paper is silent: problem and steps up to k stand in the prompt, which is the one that the rejected side
was sampled from and that the second pass asks later, and not as a begun answer; a pair whose rejected correction the
inspector finds right is dropped; a rejected side that is not in the form of a correction stays (`need_form`), one that
was cut off does not; the errors are those at the exposure's temperatures, one for each different wrong answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from orion.methods.rows import Row, TrainingSet, without_duplicates
from orion.prompts import fill
from orion.steps import step_question
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


def corrections(prompts: Mapping[str, str], problems: list[Problem], corrections: pl.DataFrame) -> TrainingSet:
    """Pairs in the order of the errors. Rows that are none count by what ended them."""
    by_id = {p.id: p for p in problems}
    rows = [row for row in corrections.iter_rows(named=True) if row["id"] in by_id]
    found = without_duplicates(
        Row(
            row["id"],
            step_question(prompts["correct_step"], by_id[row["id"]].problem, row["steps"]),
            row["chosen"],
            row["rejected"],
            (row["key"], row["own_key"], row["error_key"]),
        )
        for row in rows
        if row["kept"]
    )
    found.dropped.update(row["why_not"] for row in rows if not row["kept"])
    found.dropped["no-located-error"] = len(by_id.keys() - {row["id"] for row in rows})
    return found
