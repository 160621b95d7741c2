"""What the scripted teacher says: a long chain of thought and a short response for a chain of arithmetic steps."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from orion.problems.arithmetic import SYMBOLS, Step, read_steps

OPENINGS = [
    "Okay, let me work through this slowly.",
    "Let me read the problem again and take it step by step.",
    "Alright, I need to keep track of the number as the story goes on.",
]
BECAUSE = {
    "pack": "so I multiply",
    "add": "which makes the number larger, so I add",
    "sub": "which makes the number smaller, so I subtract",
    "multiply": "so I multiply",
    "price": "so each one counts that many dollars and I multiply",
    "share": "so I divide into equal parts",
}
# A tempting but wrong operation for each, taken up and dropped again in a detour.
DETOURS = {"pack": "+", "add": "-", "sub": "+", "multiply": "+", "price": "+", "share": "-"}
INVERSE = {"*": "/", "+": "-", "-": "+", "/": "*"}


class Answer(NamedTuple):
    reasoning: str
    response: str


def compute(left: int, symbol: str, right: int) -> int:
    return {"+": left + right, "-": left - right, "*": left * right, "/": left // right}[symbol]


def slip(steps: list[Step], random: Random) -> list[Step]:
    """The same chain with one miscalculated step, carried through to the end."""
    at = random.randrange(len(steps))
    shift = random.choice([-2, -1, 1, 2, 10])
    wrong: list[Step] = []
    for index, step in enumerate(steps):
        left = wrong[-1].value if wrong and step.op != "pack" else step.left
        value = compute(left, SYMBOLS[step.op], step.right) + (shift if index == at else 0)
        wrong.append(Step(step.op, left, step.right, value, step.sentence))
    return wrong


def backwards(step: Step) -> str:
    """The step undone, as a check of it."""
    return f"{step.value} {INVERSE[SYMBOLS[step.op]]} {step.right} = {step.left}"


def detour(step: Step) -> str:
    symbol = DETOURS[step.op]
    other = compute(step.left, symbol, step.right)
    return (
        f"Wait, should it be {step.left} {symbol} {step.right} = {other}? "
        f"No, that does not fit the sentence. I keep {step.value}."
    )


def think(steps: list[Step], random: Random, straight: bool = False) -> str:
    """`straight`: without detours and checks, as a model that does not reason says it."""
    parts = [] if straight else [random.choice(OPENINGS)]
    for index, step in enumerate(steps):
        lead = "First" if index == 0 else random.choice(["Next", "Then", "After that"])
        parts.append(f"{lead}: {step.sentence} That means {step.left} and {step.right}, {BECAUSE[step.op]}: {step}.")
        if not straight and random.random() < 0.35:
            parts.append(detour(step))
    last = steps[-1]
    if not straight and last.op != "share":
        parts.append(f"Let me check it backwards: {backwards(last)}. That fits.")
    parts.append(f"So the answer is {last.value}.")
    return " ".join(parts)


def respond(steps: list[Step]) -> str:
    equations = ", then ".join(map(str, steps))
    return rf"We get {equations}. The answer is \boxed{{{steps[-1].value}}}."


def solve(prompt: str, seed: int, slip_rate: float, straight: bool = False) -> Answer | None:
    """Reasoning and response for the arithmetic problem in `prompt`; None where there is none. `straight`: no
    reasoning, the steps are in the response.

    A share `slip_rate` of the answers has one miscalculated step, as real teachers' traces do, so that verification
    has something to find. The same prompt and seed give the same answer.
    """
    if not (steps := read_steps(prompt)):
        return None
    random = Random(f"{seed}/{prompt}")
    if random.random() < slip_rate:
        steps = slip(steps, random)
    if straight:
        return Answer("", f"{think(steps, random, straight)}\n\n{respond(steps)}")
    return Answer(think(steps, random), respond(steps))
