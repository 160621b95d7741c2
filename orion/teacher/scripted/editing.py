"""The scripted teacher edits a solution: it adds checks, detours or other ways to it, or gives it a fixed form.

Which of them is asked for it reads from the instruction at the prompt's end, as the default prompts word it.
"""

from __future__ import annotations

from orion.problems.arithmetic import SYMBOLS, Step
from orion.teacher.scripted.voice import BECAUSE, backwards, detour, respond

LABEL = "Solution to edit: "


def to_edit(prompt: str) -> str | None:
    """The solution in a prompt that asks for an edit of it: all up to the prompt's last paragraph."""
    _, found, rest = prompt.partition(LABEL)
    return rest.rpartition("\n\n")[0].strip() if found else None


def another_way(step: Step) -> str:
    """The same fact from the other side."""
    left, right, value = step.left, step.right, step.value
    turned = {"+": (right, "+", left, value), "*": (right, "*", left, value), "-": (right, "+", value, left)}
    a, symbol, b, c = turned.get(SYMBOLS[step.op], (right, "*", value, left))
    return f"{a} {symbol} {b} = {c}"


def edited(draft: str, prompt: str, steps: list[Step]) -> str:
    instruction = prompt.rpartition("\n\n")[2]
    if "five parts" in instruction:
        return structured(draft, steps)
    for step in steps:
        if "check" in instruction:
            more = f"Let me check that: {backwards(step)}. That fits."
        elif "doubt" in instruction:
            more = detour(step)
        else:
            more = f"Seen another way: {another_way(step)}. That is the same."
        draft = draft.replace(f": {step}.", f": {step}. {more}", 1)
    return draft


def structured(draft: str, steps: list[Step]) -> str:
    worked = draft.rpartition("\n\n")[0] or draft
    return "\n\n".join(
        [
            "Understand: I follow the number through the story, one sentence at a time.",
            "Plan: " + " Then ".join(f"{step.left} and {step.right}, {BECAUSE[step.op]}." for step in steps),
            f"Solve: {worked}",
            f"Check: {backwards(steps[-1])}. That fits.",
            f"Answer: {respond(steps)}",
        ]
    )
