"""What the scripted teacher does beside solving: it reads from the text of a prompt which task it is, as a model would.

A task is recognised by the labels of its blocks (`Hint: the correct answer is`, `Right solution:`), as the default
prompts of the config have them; a prompt with other labels gets a plain solution.
"""

from __future__ import annotations

import re
from random import Random

from orion.problems.arithmetic import SYMBOLS, Step, read_steps
from orion.teacher.scripted.correcting import corrected
from orion.teacher.scripted.editing import edited, to_edit
from orion.teacher.scripted.judge import verdict
from orion.teacher.scripted.mistakes import judgement, mistaken, rewritten
from orion.teacher.scripted.voice import BECAUSE, Answer, respond, slip, solve, think

THOUGHT = "Let me see what is asked of me here, and do that."


def block(prompt: str, label: str) -> str | None:
    """The text of the last block `label: ...`, up to a line that begins another block or the last paragraph."""
    start = prompt.rfind(f"{label}: ")
    if start < 0:
        return None
    rest = prompt[start + len(label) + 2 :]
    return re.split(r"\n\n(?=[A-Z][a-z]+( [a-z]+)?: |(?:Write|Solve|Compare|Recast) the |Report of )", rest)[0].strip()


def template(steps: list[Step]) -> str:
    """The solution as a hierarchical template: steps, a key inside those that multiply or divide, what is general."""
    parts = []
    for number, step in enumerate(steps, 1):
        key = f"\n<Key>{step.left} and {step.right}, {BECAUSE[step.op]}.</Key>" if SYMBOLS[step.op] in "*/" else ""
        parts.append(f"<Step {number}>\n{step.sentence} {step}{key}\n</Step {number}>")
    general = "Follow one number through the story and apply what each sentence does to it."
    answer = rf"<Answer>\boxed{{{steps[-1].value}}}</Answer>"
    return "\n".join([*parts, f"<Generalized>\n{general}\n</Generalized>", answer])


def inspection(recast: str, steps: list[Step]) -> str:
    """Which steps of a recast solution are not those of the right one, and a verdict."""
    faulty = [number for number, step in enumerate(steps, 1) if str(step) not in recast]
    said = [f"Step {number} is faulty: its calculation is not that of the reference." for number in faulty]
    return "\n".join([*said, f"Verdict: {'faulty' if faulty else 'pass'}"])


def perform(prompt: str, seed: int, slip_rate: float, straight: bool = False) -> Answer | None:
    """The answer to a prompt; None where there is no problem in it that this teacher knows. `straight`: see `solve`."""
    problem = block(prompt, "Problem")
    steps = read_steps(problem) if problem else []
    if not problem or not steps:
        return solve(prompt, seed, slip_rate, straight)
    random = Random(f"{seed}/{prompt}")
    slips = random.random() < slip_rate
    if (judged := verdict(prompt, steps, random)) is not None:
        return Answer(THOUGHT, judged)
    if (said := corrected(prompt, steps, random, slips)) is not None:
        return Answer(THOUGHT, said)
    if (draft := to_edit(prompt)) is not None:
        return Answer(THOUGHT, respond(slip(steps, random)) if slips else edited(draft, prompt, steps))
    if "Hint: the correct answer is" in prompt:
        told = slip(steps, random) if slips else steps
        return Answer(THOUGHT, f"{think(told, random)}\n\n{respond(told)}")
    if (recast := block(prompt, "Recast solution")) is not None:
        if "Report of an inspector: " in prompt:
            return Answer(THOUGHT, template(steps))
        return Answer(THOUGHT, inspection(recast, steps))
    if "Recast the reference solution" in prompt:
        return Answer(THOUGHT, template(slip(steps, random) if slips else steps))
    if (right := block(prompt, "Right solution")) is not None:
        if (wrong := block(prompt, "Wrong solution")) is not None:
            return Answer(THOUGHT, judgement(wrong, steps))
        return Answer(THOUGHT, right if slips else rewritten(right, steps, mistaken(steps, random)))
    return solve(prompt, seed, slip_rate, straight)
