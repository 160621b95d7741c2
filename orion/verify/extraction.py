"""Finds the final answer in an output: the first step of grading, from the raw text to the string to be compared.

The steps, by how sure they are: the last balanced `\\boxed{}` after the thinking part, a declared final answer
(`<answer>` tag, `####`, "the answer is ..."), a bold or displayed final, the whole of a very short output, and last
the last number. The step's name is the first half of a verdict's `how`. Everything here is linear in the output's
length, and none of it looks at the gold.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from orion.verify.boxes import boxed_brackets, last_boxed
from orion.verify.declarations import BOLD, VERB, WORD, bold_final, declarations, declared, focus, numbers
from orion.verify.words import brackets, choice


class Extracted(NamedTuple):
    """`answer` is None where there is none; `step` says why: `unclosed-thinking`, `unclosed-box`, `empty`, `none`."""

    answer: str | None
    step: str


MAX_OUTPUT = 500_000  # characters at the end of an output that are looked at
_OPEN = r"<think(?:ing)?>|<thought>|<\|begin_of_thought\|>|<seed:think>|◁think▷|\[THINK\]"
_CLOSE = r"</think(?:ing)?>|</thought>|<\|end_of_thought\|>|</seed:think>|◁/think▷|\[/THINK\]"
_THINKING = re.compile(f"(?P<open>{_OPEN})|(?P<close>{_CLOSE})", re.IGNORECASE)
_ENDMARKS = (
    *("<|im_end|>", "<|eot_id|>", "<|endoftext|>", "<|end_of_text|>", "<|end_of_solution|>"),
    *("</s>", "<｜end▁of▁sentence｜>", "<eos>", "<end_of_turn>"),
)
_LETTER = re.compile(r"\(\s*([A-Z]|\d)\s*\)|(?<![A-Za-z'\\])([B-HJ-Z]|A(?! [a-z]))(?![A-Za-z'’])")
_LAST_LETTER = re.compile(r"\(([A-Z]|\d)\)|^\W*([A-Z])[.)]?\W*$|\b(?:option|choice|answer|it's|is) ([A-Z])\b")


def after_thinking(output: str) -> str | None:
    """The text after the thinking part; None where the thinking never closed."""
    last = None
    if "<" in output or "◁" in output or "[THINK" in output:
        for last in _THINKING.finditer(output):  # noqa: B007 - only the last mark matters
            pass
    if last is None:
        return output
    return None if last["open"] else output[last.end() :]


def short_whole(text: str) -> str | None:
    """The output itself, where it is nothing but an answer."""
    line = text.strip()
    words = [word for word in WORD.findall(line) if len(word) > 2]
    short = len(line) <= 400 and "\n" not in line and len(words) <= 3
    return line if short and "**" not in line.strip("*") and not VERB.search(line) else None


def last_number(text: str) -> str | None:
    found = numbers(text[-20_000:])
    return found[-1].strip() if found else None


def _last_line(text: str) -> str | None:
    line = text[text.rfind("\n") + 1 :].strip(" \t*_`")
    return _judgement(line) if 0 < len(line) <= 300 else None


def _choice_in(text: str) -> str | None:
    """A choice's letter in a short passage."""
    letter = choice(text)
    if letter is None and (match := _LETTER.search(text)):
        letter = match[1] or match[2]
    return f"({letter})" if letter else None


def _declared_choice(text: str) -> str | None:
    letters = [letter for clause in declarations(text) if (letter := _choice_in(clause))]
    return letters[-1] if letters else None


def _last_choice(text: str) -> str | None:
    """A choice named in the last line, or one that the output starts with, as `B. Because ...`."""
    found = list(_LAST_LETTER.finditer(text[text.rfind("\n") + 1 :][-1000:]))
    if found:
        return f"({next(group for group in found[-1].groups() if group)})"
    return _choice_in(text.split("\n", 1)[0]) if choice(text[:40]) else None


_BRACKET_RUN = re.compile(r"(?:\\?[()\[\]{}<>][\s,]*)+$")


def _ending_brackets(text: str) -> str | None:
    """The brackets at the end of a passage."""
    run = _BRACKET_RUN.search(text[-2000:].rstrip(" \t\n.*`'\"$"))
    return run[0].strip() if run else None


_Step = tuple[str, Callable[[str], str | None]]


def _steps(kind: str, last: bool) -> list[_Step]:
    if kind == "choice":
        return [
            ("boxed", last_boxed),
            ("declared", _declared_choice),
            ("final", lambda text: _choice_in(bold_final(text) or "")),
            ("last-choice", _last_choice),
            ("declared", declared),
        ]
    if kind == "text":
        return [("boxed", last_boxed), ("declared", _declared_words), ("final", _bold_words), ("last-line", _last_line)]
    if kind == "brackets":
        return [
            ("boxed", boxed_brackets),
            ("declared", lambda text: _ending_brackets(clause) or clause if (clause := declared(text)) else None),
            ("last-line", lambda text: line if (line := _last_line(text)) and brackets(line) else None),
            ("last-brackets", _ending_brackets),
        ]
    steps: list[_Step] = [
        ("boxed", last_boxed),
        ("declared", lambda text: focus(clause) if (clause := declared(text)) else None),
        ("whole", short_whole),
        ("final", bold_final),
    ]
    return [*steps, ("last-number", last_number)] if last else steps


_JUDGEMENT = re.compile(r"(yes|no|true|false|valid|invalid|plausible|implausible)(?=\s*[,.;:!—–]|\s*$)", re.IGNORECASE)


def _judgement(text: str) -> str:
    """`No` of `No, she would not`; other text as it is."""
    found = _JUDGEMENT.match(text)
    return found[1] if found else text


def _declared_words(text: str) -> str | None:
    clause = declared(text)
    if clause and (bold := BOLD.findall(clause)):
        return str(bold[-1])
    return _judgement(clause.strip("* ")) if clause else None


def _bold_words(text: str) -> str | None:
    bold = BOLD.findall(text[text.rfind("\n") + 1 :])
    return str(bold[-1]) if bold else None


def extract(output: str, kind: str = "math", last: bool = True) -> Extracted:
    """The final answer of an output and the step that found it. `last` lets the last number count."""
    text = after_thinking(output)
    if text is None:
        return Extracted(None, "unclosed-thinking")
    text = text[-MAX_OUTPUT:].rstrip()
    while mark := next((mark for mark in _ENDMARKS if text.endswith(mark)), None):
        text = text.removesuffix(mark).rstrip()
    if not text.strip():
        return Extracted(None, "empty")
    unclosed = kind == "math" and "\\boxed{" in text  # then what stands in the last box may be cut off
    for step, find in _steps(kind, last)[: 2 if unclosed else None]:
        if answer := find(text):
            return Extracted(answer, step)
    return Extracted(None, "unclosed-box" if unclosed else "none")
