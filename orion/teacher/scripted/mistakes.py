"""The scripted teacher makes mistakes of three kinds in a chain of steps, and tells such mistakes apart again.

calculation: a step is computed wrongly. logic: something is added that should be taken away, or the other way round.
knowledge: what `each`, `times` or `equally` means is misunderstood, so that a product or a share becomes a sum or a
difference.
"""

from __future__ import annotations

import re
from random import Random

from orion.problems.arithmetic import SYMBOLS, Step
from orion.teacher.scripted.voice import BECAUSE, DETOURS, compute, slip

KNOWLEDGE = ("pack", "multiply", "price", "share")
_EQUATION = re.compile(r": (-?\d+) ([-+*/]) (\d+) = (-?\d+)\.")


def mistaken(steps: list[Step], random: Random) -> list[Step]:
    """The chain with one mistake, carried through to the end: a slip, or the wrong operation in a step."""
    if random.random() < 0.4:
        return slip(steps, random)
    at = random.randrange(len(steps))
    wrong: list[Step] = []
    for index, step in enumerate(steps):
        left = wrong[-1].value if wrong and step.op != "pack" else step.left
        op = {"+": "add", "-": "sub"}[DETOURS[step.op]] if index == at else step.op
        wrong.append(Step(op, left, step.right, compute(left, SYMBOLS[op], step.right), step.sentence))
    # A story has no negative numbers of things: such a mistake would give itself away.
    return wrong if all(step.value > 0 for step in wrong) else slip(steps, random)


def rewritten(text: str, steps: list[Step], wrong: list[Step]) -> str:
    """A solution with its steps replaced by others, the words kept."""
    for before, after in zip(steps, wrong, strict=True):
        text = text.replace(f"That means {before.left} and", f"That means {after.left} and")
        text = text.replace(f"{BECAUSE[before.op]}: {before}.", f"{BECAUSE[after.op]}: {after}.")
        text = text.replace(str(before), str(after)).replace(f"I keep {before.value}.", f"I keep {after.value}.")
    last, other = steps[-1].value, wrong[-1].value
    text = text.replace(f"answer is {last}.", f"answer is {other}.")
    return text.replace(rf"\boxed{{{last}}}", rf"\boxed{{{other}}}")


def judgement(wrong: str, steps: list[Step]) -> str:
    """The first step of a wrong solution that is not the right one, and its kind."""
    made = _EQUATION.findall(wrong)
    for number, (step, (left, symbol, right, value)) in enumerate(zip(steps, made, strict=False), 1):
        said = f"Step {number} says {left} {symbol} {right} = {value}, where {step} is right."
        if symbol != SYMBOLS[step.op]:
            return f"{said}\nKind: {'knowledge' if step.op in KNOWLEDGE else 'logic'}"
        if int(value) != step.value:
            return f"{said}\nKind: calculation"
    return "I see no step that differs."
