r"""Seeded arithmetic word problems in graded families: the problems of the embedded default.

A story is a chain of sentences, each of which does one thing to a running number. `SENTENCES` is the only place that
knows their wording: the generator fills them in, and the scripted teacher reads problems back with the same table, so
that it needs nothing but the problem's text, as any endpoint would.

    Ana packs 4 boxes with 6 marbles in each box. She gives away 5 marbles. How many marbles does Ana have now?
    4 * 6 = 24
    24 - 5 = 19
    The answer is \boxed{19}.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from itertools import cycle
from random import Random
from typing import NamedTuple

from orion.errors import UserError
from orion.types import Problem

PEOPLE = [
    *((name, "She", "her") for name in "Ana Mia Zoe Lena Ruth Nora Iris Emma Sara Lucy Vera Alma".split()),
    *((name, "He", "him") for name in "Tom Ben Max Leo Omar Paul Ivan Hugo Karl Noah Emil Theo".split()),
]
THINGS = "marbles apples stickers books pencils shells cards coins stamps buttons cookies beads".split()


class Sentence(NamedTuple):
    """`op` is what the sentence does: `start` sets the number, `pack` sets it to a product, the rest change it."""

    op: str
    text: str


SENTENCES = [
    Sentence("start", "{name} has {n} {things}."),
    Sentence("pack", "{name} packs {n} boxes with {m} {things} in each box."),
    Sentence("pack", "{name} buys {n} bags with {m} {things} in each bag."),
    Sentence("add", "{pron} buys {n} more {things}."),
    Sentence("add", "{pron} finds {n} {things}."),
    Sentence("add", "A friend gives {obj} {n} {things}."),
    Sentence("sub", "{pron} gives away {n} {things}."),
    Sentence("sub", "{pron} loses {n} {things}."),
    Sentence("sub", "{pron} uses {n} {things}."),
    Sentence("multiply", "Then the number of {things} becomes {n} times as large."),
    Sentence("price", "{pron} sells each of the {things} for {n} dollars."),
    Sentence("share", "{pron} shares the {things} equally among {n} friends."),
]
QUESTIONS = {
    "price": "How many dollars does {name} get?",
    "share": "How many {things} does each friend get?",
    "": "How many {things} does {name} have now?",
}
# What may follow what, by number of steps: a step is one operation on numbers.
FAMILIES: dict[str, list[str]] = {
    "one-step": ["start add", "start sub", "pack", "start share", "start price"],
    "two-step": ["pack add", "pack sub", "start add sub", "start sub add", "start add price", "start sub price"],
    "three-step": ["pack add price", "pack sub price", "start add sub price", "pack add sub", "pack sub share"],
    "four-step": ["pack add sub price", "pack sub add price", "pack sub add share", "start multiply sub add price"],
}
SYMBOLS = {"pack": "*", "add": "+", "sub": "-", "multiply": "*", "price": "*", "share": "/"}


class Step(NamedTuple):
    """`left op right = value`, and the sentence of the story that asks for it."""

    op: str
    left: int
    right: int
    value: int
    sentence: str

    def __str__(self) -> str:
        return f"{self.left} {SYMBOLS[self.op]} {self.right} = {self.value}"


def _apply(op: str, left: int, right: int) -> int:
    return {"*": left * right, "+": left + right, "-": left - right, "/": left // max(right, 1)}[SYMBOLS[op]]


def _pattern(sentence: Sentence) -> re.Pattern[str]:
    text = re.escape(sentence.text).replace(r"\{", "{").replace(r"\}", "}")
    for hole in ("name", "pron", "obj", "things"):
        text = text.replace(f"{{{hole}}}", r"\w+")
    return re.compile(text.replace("{n}", r"(\d+)").replace("{m}", r"(\d+)"))


_PATTERNS = [(sentence.op, _pattern(sentence)) for sentence in SENTENCES]


def read_steps(problem: str) -> list[Step]:
    """The chain of operations of a problem's text; empty where the text is not one of ours."""
    steps: list[Step] = []
    value: int | None = None
    for sentence in re.findall(r"[^.?!]+\.", problem):
        sentence = sentence.strip()
        for op, pattern in _PATTERNS:
            if not (match := pattern.fullmatch(sentence)):
                continue
            numbers = [int(n) for n in match.groups()]
            if op == "start":
                value = numbers[0]
                break
            left, right = (numbers[0], numbers[1]) if op == "pack" else (value, numbers[0])
            if left is None:
                return []
            value = _apply(op, left, right)
            steps.append(Step(op, left, right, value, sentence))
            break
    return steps


def _story(random: Random, ops: list[str], low: int, high: int) -> str | None:
    """One story for a chain of operations, or None where the numbers drawn leave the range of a child's book."""
    name, pron, obj = random.choice(PEOPLE)
    things = random.choice(THINGS)
    value = 0
    sentences = []
    for op in ops:
        n, m = random.randint(low, high), random.randint(low, high)
        if op == "start":
            value = n
        elif op == "pack":
            value = n * m
        elif op in ("multiply", "price"):
            n = random.randint(2, 5)
            value *= n
        elif op == "share":
            divisors = [d for d in range(2, 10) if value % d == 0 and value > d]
            if not divisors:
                return None
            n = random.choice(divisors)
            value //= n
        else:
            value = _apply(op, value, n)
        if value < 1:
            return None
        text = random.choice([s.text for s in SENTENCES if s.op == op])
        sentences.append(text.format(name=name, pron=pron, obj=obj, things=things, n=n, m=m))
    question = QUESTIONS.get(ops[-1], QUESTIONS[""])
    return " ".join([*sentences, question.format(name=name, things=things)])


def solution(steps: list[Step]) -> str:
    """The short worked solution: the 'label' that SFT(Label) trains on."""
    return "\n".join([*map(str, steps), rf"The answer is \boxed{{{steps[-1].value}}}."])


def is_held_out(text: str) -> bool:
    """Half of all texts, by their hash, are for benchmarks and never for training: no problem is in both, whatever
    the seeds and sizes, and neither has to know the other."""
    return hashlib.sha256(text.encode()).digest()[0] % 2 == 1


def generate(
    families: Mapping[str, int], numbers: tuple[int, int], seed: str, held_out: bool
) -> Iterator[tuple[str, Problem]]:
    """(family, problem) pairs: for each family as many distinct problems as asked for, in a seeded order.

    A problem depends on (seed, family, its number in the family) alone: asking for more adds problems and changes none.

    Raises:
        UserError: an unknown family, or so many problems that the number range has no more distinct ones.
    """
    for family, count in families.items():
        if family not in FAMILIES:
            raise UserError(f"problems: unknown family '{family}'; there are {', '.join(FAMILIES)}")
        random = Random(f"{seed}/{family}")
        seen: set[str] = set()
        misses = 0  # in a row: so many mean that there is nothing new left to draw
        for ops in cycle(FAMILIES[family]):
            if len(seen) == count or misses == 2000:
                break
            misses += 1
            text = _story(random, ops.split(), *numbers)
            if text is None or text in seen or is_held_out(text) != held_out:
                continue
            seen.add(text)
            misses = 0
            steps = read_steps(text)
            yield family, Problem(f"{seed}-{family}-{len(seen):04d}", text, str(steps[-1].value), solution(steps))
        if len(seen) < count:
            raise UserError(f"problems: only {len(seen)} distinct '{family}' problems with numbers in {list(numbers)}")
