"""Groups equivalent answers, for majority votes (maj@k) and for deduplicating wrong answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orion.verify.grader import agreements
from orion.verify.policy import Grading


def answer_classes(
    answers: Sequence[str | None], kind: str = "math", grading: Grading | None = None, **policy: Any
) -> list[int | None]:
    """A class number for each answer (as `Verdict.answer` holds it): equal numbers, equal answers; None stays None.

    Classes are numbered by first appearance. An answer joins the first class whose first member it agrees with; a
    comparison that cannot be decided keeps answers apart.
    """
    distinct = list(dict.fromkeys(answer for answer in answers if answer is not None))
    class_of: dict[str, int] = {}
    heads: list[str] = []
    waiting = distinct
    while waiting:
        head, rest = waiting[0], waiting[1:]
        class_of[head] = len(heads)
        same = agreements([(head, answer) for answer in rest], kind, grading, **policy)
        class_of |= {answer: len(heads) for answer, equal in zip(rest, same, strict=True) if equal}
        waiting = [answer for answer, equal in zip(rest, same, strict=True) if not equal]
        heads.append(head)
    order: dict[int, int] = {}
    return [None if answer is None else order.setdefault(class_of[answer], len(order)) for answer in answers]
