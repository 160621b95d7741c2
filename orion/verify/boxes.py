r"""Boxed answers: `\boxed{...}` and its variants, the surest sign of a final answer in an output."""

from __future__ import annotations

import re
from typing import NamedTuple

_BOX = re.compile(r"\\(?:boxed|fbox|framebox|Boxed)(?![A-Za-z])\s*|(?:\x08oxed|(?<![A-Za-z\\])boxed)(?=\{)")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_BARE_BOX = re.compile(r"\\[a-zA-Z]+|[^\s$]")
_BETWEEN = re.compile(
    r"(?:[\s$,;.&~]|\\[,;!: ()\[\]]|\\q?quad|\\text\s*\{[\s,;]*(?:and|or)?[\s,;]*\}|\\(?:and|or)\b"
    r"|\b(?:and|or)\b|\b[a-zA-Z](?:_\{?\d\}?)?\s*=|\*\*|\\\\)*",
)


class _Box(NamedTuple):
    start: int
    end: int
    content: str


def boxes(text: str, limit: int = 64) -> list[_Box]:
    """The balanced boxes that stand in no other box, in order; only the last `limit` box commands are looked at."""
    found: list[_Box] = []
    for match in list(_BOX.finditer(text))[-limit:]:
        start = match.end()
        if (found and start < found[-1].end) or start >= len(text):
            continue
        if text[start] == "{":
            end = _closing(text, start)
            if end < 0:
                continue
            content, end = text[start + 1 : end], end + 1
        else:
            token = _BARE_BOX.match(text, start)
            if token is None:
                continue
            content, end = token[0], token.end()
        if content.strip():
            found.append(_Box(match.start(), end, _BOX.sub("", content).strip()))
    return found


def _closing(text: str, start: int) -> int:
    """Index of the brace that closes the one at `start`, or -1."""
    depth = 0
    for match in _BRACE.finditer(text, start):
        if match[0] == "{":
            depth += 1
        elif match[0] == "}":
            depth -= 1
            if not depth:
                return match.start()
    return -1


def last_boxed(text: str) -> str | None:
    """The content of the last box. Boxes with nothing but `,`, `and`, `or` between them are one answer, a list:
    whoever boxes two candidates has not answered with the second."""
    if "oxed" not in text and "box" not in text:
        return None
    found = boxes(text)
    if not found:
        return None
    group = [found[-1]]
    for box in reversed(found[:-1]):
        between = text[box.end : group[0].start]
        if len(between) > 60 or "\n\n" in between or not _BETWEEN.fullmatch(between):
            break
        group.insert(0, box)
    return ", ".join(dict.fromkeys(box.content for box in group))


def boxed_brackets(text: str) -> str | None:
    """The last box of a bracket string, whose own braces do not balance: up to the last brace of its line."""
    start = text.rfind("\\boxed{")
    if start < 0:
        return None
    line = text[start + 7 :].split("\n", 1)[0]
    line = re.sub(r"[\s.$*]*(?:\\[)\]])?[\s.$*]*$", "", line[:2000]).removesuffix("}")
    return line.removeprefix("\\text{").removesuffix("}") if line.startswith("\\text{") else line or None
