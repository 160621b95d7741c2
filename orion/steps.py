r"""The steps of a solution (SuperCorrect, arXiv 2410.09008): cut, numbered, shown; and what is said about one of them.

A hierarchical template has `<Step 1>...</Step 1>` and so on; a solution without any such tag has its lines as steps,
so that a policy trained on other CoTs can be corrected as well. What a student writes is hostile text: tags may be
missing, nested, doubled or out of order. It is read in one pass over the tags, and what is not whole is said to be so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from orion.prompts import fill
from orion.types import Message, Problem

_TAG = re.compile(r"<(/?)Step ?([0-9]*)>")
_PART = re.compile(r"<(/?)(Cause|Correction)>")
_LOCATION = re.compile(r"wrong step\W{0,20}(none|[0-9]{1,4})(?![0-9])", re.IGNORECASE)


class Cut(NamedTuple):
    """`fault` is why a solution could not be cut, None where it could. `tagged`: by its tags, not by its lines."""

    steps: tuple[str, ...]
    tagged: bool
    fault: str | None = None


def cut(text: str) -> Cut:
    """A solution's steps, without their tags; what stands outside of the tags is no part of a step."""
    tags = list(_TAG.finditer(text))
    if not tags:
        lines = tuple(line for line in map(str.strip, text.splitlines()) if line)
        return Cut(lines, False, None if lines else "no-steps")
    steps: list[str] = []
    opened: int | None = None
    for tag in tags:
        closes, number = tag.groups()
        if not closes:
            if opened is not None:
                return Cut((), True, "step-not-closed")
            if number != str(len(steps) + 1):
                return Cut((), True, "steps-not-numbered")
            opened = tag.end()
        else:
            if opened is None or number not in ("", str(len(steps) + 1)):
                return Cut((), True, "step-not-opened")
            if not (step := text[opened : tag.start()].strip()):
                return Cut((), True, "empty-step")
            steps.append(step)
            opened = None
    return Cut(tuple(steps), True) if opened is None else Cut((), True, "step-not-closed")


def shown(steps: Sequence[str]) -> str:
    """Steps in their tags, as templates have them."""
    return "\n".join(f"<Step {number}>\n{step}\n</Step {number}>" for number, step in enumerate(steps, 1))


def worked(problem: Problem) -> str:
    """What a teacher is shown as the right solution: the written one, else the answer alone."""
    return problem.solution or rf"The answer is \boxed{{{problem.answer}}}."


def reference(solution: str) -> str:
    """The part of a prompt that only the teacher gets; the student's is the same text without it."""
    return f"Reference solution: {solution}\n\n"


def step_question(prompt: str, problem: str, steps: Sequence[str], reference: str = "") -> tuple[Message, ...]:
    """Asks for the correction of the last of the steps; the teacher with `reference`, the student without."""
    return fill(prompt, problem=problem, reference=reference, steps=shown(steps), number=str(len(steps)))


def located(text: str) -> int | None:
    """The wrong step that a text names last, 0 for `none`; None where it names neither."""
    stated = _LOCATION.findall(text)
    if not stated:
        return None
    return 0 if stated[-1].lower() == "none" else int(stated[-1])


class Correction(NamedTuple):
    """Why a step is wrong, and the step done right."""

    cause: str
    step: str

    def __str__(self) -> str:
        return f"<Cause>\n{self.cause}\n</Cause>\n<Correction>\n{self.step}\n</Correction>"


def correction_of(text: str) -> Correction | None:
    """The cause and the correction in a text that has each of them once, whole and in this order."""
    tags = list(_PART.finditer(text))
    if [tag.groups() for tag in tags] != [("", "Cause"), ("/", "Cause"), ("", "Correction"), ("/", "Correction")]:
        return None
    cause, step = (text[a.end() : b.start()].strip() for a, b in ((tags[0], tags[1]), (tags[2], tags[3])))
    return Correction(cause, step) if cause and step else None
