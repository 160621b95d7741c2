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


def _compute(left: int, symbol: str, right: int) -> int:
    return {"+": left + right, "-": left - right, "*": left * right, "/": left // right}[symbol]


def slip(steps: list[Step], random: Random) -> list[Step]:
    """The same chain with one miscalculated step, carried through to the end."""
    at = random.randrange(len(steps))
    shift = random.choice([-2, -1, 1, 2, 10])
    wrong: list[Step] = []
    for index, step in enumerate(steps):
        left = wrong[-1].value if wrong and step.op != "pack" else step.left
        value = _compute(left, SYMBOLS[step.op], step.right) + (shift if index == at else 0)
        wrong.append(Step(step.op, left, step.right, value, step.sentence))
    return wrong


def think(steps: list[Step], random: Random) -> str:
    parts = [random.choice(OPENINGS)]
    for index, step in enumerate(steps):
        lead = "First" if index == 0 else random.choice(["Next", "Then", "After that"])
        parts.append(f"{lead}: {step.sentence} That means {step.left} and {step.right}, {BECAUSE[step.op]}: {step}.")
        if random.random() < 0.35:
            symbol = DETOURS[step.op]
            other = _compute(step.left, symbol, step.right)
            parts.append(
                f"Wait, should it be {step.left} {symbol} {step.right} = {other}? "
                f"No, that does not fit the sentence. I keep {step.value}."
            )
    last = steps[-1]
    if last.op in ("add", "sub", "pack", "price", "multiply"):
        symbol = INVERSE[SYMBOLS[last.op]]
        parts.append(f"Let me check it backwards: {last.value} {symbol} {last.right} = {last.left}. That fits.")
    parts.append(f"So the answer is {last.value}.")
    return " ".join(parts)


def respond(steps: list[Step]) -> str:
    equations = ", then ".join(map(str, steps))
    return rf"We get {equations}. The answer is \boxed{{{steps[-1].value}}}."


def solve(prompt: str, seed: int, slip_rate: float) -> Answer | None:
    """Reasoning and response for the arithmetic problem in `prompt`; None where there is none.

    A share `slip_rate` of the answers has one miscalculated step, as real teachers' traces do, so that verification
    has something to find. The same prompt and seed give the same answer.
    """
    if not (steps := read_steps(prompt)):
        return None
    random = Random(f"{seed}/{prompt}")
    if random.random() < slip_rate:
        steps = slip(steps, random)
    return Answer(think(steps, random), respond(steps))
