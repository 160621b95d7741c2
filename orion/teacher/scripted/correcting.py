"""The scripted teacher finds the first wrong step of a student's solution, says why it is wrong, and does it right.

A step is right if its equations are the next ones of the problem's chain. It compares numbers and signs, no words: a
script's opinion, not a model's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from orion.problems.arithmetic import SYMBOLS, Step
from orion.steps import Correction, correction_of, cut
from orion.teacher.scripted.voice import BECAUSE, compute, slip

_EQUATION = re.compile(r"([0-9]{1,9}) *([-+*/×x]) *([0-9]{1,9}) *= *([0-9]{1,9})(?![0-9])")
TO_CHECK, SO_FAR, CORRECTED = "Solution to check: ", "Steps so far: ", "Correction of step "

Equation = tuple[int, str, int, int]


def equations(text: str) -> list[Equation]:
    return [
        (int(left), {"×": "*", "x": "*"}.get(symbol, symbol), int(right), int(value))
        for left, symbol, right, value in _EQUATION.findall(text)
    ]


def is_step(equation: Equation, step: Step) -> bool:
    left, symbol, right, value = equation
    numbers = {(step.left, step.right)} | ({(step.right, step.left)} if SYMBOLS[step.op] in "+*" else set())
    return (left, right) in numbers and (symbol, value) == (SYMBOLS[step.op], step.value)


def held(shown: Sequence[str], steps: Sequence[Step]) -> int:
    """How many steps of the chain some right steps hold, from its beginning."""
    made = [equation for text in shown for equation in equations(text)]
    return next((n for n, step in enumerate(steps) if not any(is_step(e, step) for e in made)), len(steps))


def first_wrong(shown: Sequence[str], steps: Sequence[Step]) -> int:
    """The number of the first wrong step, 0 for none. The last one is wrong, too, if the chain goes on after it."""
    done = 0
    for number, text in enumerate(shown, 1):
        for equation in equations(text):
            if done < len(steps) and is_step(equation, steps[done]):
                done += 1
            elif not any(is_step(equation, step) for step in steps[:done]):  # said again is not wrong
                return number
    return len(shown) if done < len(steps) else 0


def cause(text: str, step: Step) -> str:
    for left, symbol, right, value in equations(text):
        if symbol == "/" and right == 0:
            continue
        if (is_value := compute(left, symbol, right)) != value:
            return f"It says {left} {symbol} {right} = {value}, but {left} {symbol} {right} is {is_value}."
        if not is_step((left, symbol, right, value), step):
            return (
                f"It says {left} {symbol} {right}, but the story says: {step.sentence} "
                f"That means {step.left} and {step.right}, {BECAUSE[step.op]}."
            )
    return f"It leaves out what the story says: {step.sentence}"


def corrected(prompt: str, steps: list[Step], random: Random, slips: bool) -> str | None:
    """What is said to a prompt about somebody's steps; None where it shows none."""
    if TO_CHECK in prompt:
        shown = cut(prompt.partition(TO_CHECK)[2]).steps
        number = first_wrong(shown, steps)
        return f"I compare the {len(shown)} steps with the reference.\nWrong step: {number or 'none'}"
    if SO_FAR not in prompt:
        return None
    before, asked, rest = prompt.partition(SO_FAR)[2].partition(CORRECTED)
    shown = cut(before).steps
    wrong = shown[-1] if shown else ""
    known = held(shown[:-1], steps)
    if known < len(steps) and equations(wrong)[-1:] and is_step(equations(wrong)[-1], steps[known]):
        known += 1  # right as far as it goes: what is wrong is that the solution ends with it
    step = steps[known] if known < len(steps) else None
    if asked and "Report of an inspector: " not in rest:
        text = rest.partition(": ")[2].partition("\n\nStep ")[0]
        right = mends(form.step if (form := correction_of(text)) else text, step, steps)
        return f"The step should be: {step or 'nothing more'}.\nVerdict: {'pass' if right else 'faulty'}"
    if step is None:
        why = "The story is told: the steps before this one have done all that it says."
        return str(Correction(why, f"There is nothing left to do. The answer is {steps[-1].value}."))
    done_right = slip([step], random)[0] if slips and not asked else step
    return str(Correction(cause(wrong, step), f"{step.sentence} {done_right}"))


def mends(text: str, step: Step | None, steps: Sequence[Step]) -> bool:
    """Whether a correction says what the step should be, and no equation that is not the story's. Where nothing is left
    to do, it has to say the answer."""
    said = equations(text)
    if step is None:
        numbers = re.findall(r"[0-9]+", text)
        return numbers[-1:] == [str(steps[-1].value)] and all(any(is_step(e, s) for s in steps) for e in said)
    return any(is_step(e, step) for e in said) and all(any(is_step(e, s) for s in steps) for e in said)
