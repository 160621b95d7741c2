r"""The scripted judge: a script, not a model, that reads solutions of the arithmetic stories and gives verdicts.

Of several solutions it takes the right ones that show most of the steps, and of these the shortest; now and then it
slips, so that two orders may disagree. An error it types by its first equation that is not the right step: computed
wrongly (calculation), made of other numbers than the story gives (comprehension), or another operation (reasoning).
It knows nothing of `knowledge`.
"""

from __future__ import annotations

import re
from random import Random

from orion.problems.arithmetic import SYMBOLS, Step

_SOLUTION = re.compile(r"<solution ([A-Z])>\n(.*?)\n</solution \1>", re.DOTALL)
_EQUATION = re.compile(r"(\d+) *([-+*/×x]) *(\d+) *= *(\d+)")
_NUMBER = re.compile(r"\d+")


def verdict(prompt: str, steps: list[Step], random: Random) -> str | None:
    """What the judge says to a prompt; None where it asks for no judgement."""
    if solutions := dict(_SOLUTION.findall(prompt)):
        return choice(solutions, steps, random)
    _, asked, rest = prompt.partition("\n\nCorrect answer: ")
    _, _, error = rest.partition("\n\nWrong solution: ")
    return kind(error.rpartition("\n\n")[0], steps) if asked else None


def right(text: str, steps: list[Step]) -> bool:
    numbers: list[str] = _NUMBER.findall(text)
    return numbers[-1:] == [str(steps[-1].value)]


def choice(solutions: dict[str, str], steps: list[Step], random: Random) -> str:
    def merit(letter: str) -> tuple[bool, int, int]:
        text = solutions[letter]
        return right(text, steps), sum(str(step) in text for step in steps), -len(text)

    best = random.choice(list(solutions)) if random.random() < 0.1 else max(solutions, key=merit)
    shown = merit(best)[1]
    return f"Solution {best} shows {shown} of {len(steps)} steps as they are.\nChoice: {best}"


def kind(error: str, steps: list[Step]) -> str:
    made = _EQUATION.findall(error)
    given = {str(number) for step in steps for number in (step.left, step.right, step.value)}
    for left, symbol, right_side, value in made:
        operation = {"×": "*", "x": "*"}.get(symbol, symbol)
        numbers = (int(left), int(right_side))
        computed = {"+": sum(numbers), "-": numbers[0] - numbers[1], "*": numbers[0] * numbers[1]}.get(operation)
        said = f"It says {left} {symbol} {right_side} = {value}"
        if computed is not None and computed != int(value):
            return f"{said}, and that is {computed}.\nType: calculation"
        if not {left, right_side} <= given:
            return f"{said}, of numbers that the story does not give.\nType: comprehension"
        if not any((step.left, SYMBOLS[step.op], step.right) == (numbers[0], operation, numbers[1]) for step in steps):
            return f"{said}, which is no step of the story.\nType: reasoning"
    if not _NUMBER.search(error) or right(error, steps):
        return "It does not come to a proper final answer.\nType: format-or-truncation"
    return f"It leaves out steps of the story.\nType: {'reasoning' if made else 'comprehension'}"
