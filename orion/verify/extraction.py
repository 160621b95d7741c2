"""Finds the final answer in an output: the first step of grading, from the raw text to the string to be compared.

The steps, by how sure they are: the last balanced `\\boxed{}` after the thinking part, a declared final answer
(`<answer>` tag, `####`, "the answer is ..."), a bold or displayed final, the last number. The name of the step that
found the answer is the first half of a verdict's `how`. Everything here is linear in the length of the output.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Extracted(NamedTuple):
    """`answer` is None where there is none; then `step` says why: `unclosed-thinking`, `empty` or `none`."""

    answer: str | None
    step: str


_OPEN = r"<think(?:ing)?>|<thought>|<\|begin_of_thought\|>|<seed:think>|◁think▷|\[THINK\]"
_CLOSE = r"</think(?:ing)?>|</thought>|<\|end_of_thought\|>|</seed:think>|◁/think▷|\[/THINK\]"
_THINKING = re.compile(f"(?P<open>{_OPEN})|(?P<close>{_CLOSE})", re.IGNORECASE)
_ENDMARKS = (
    *("<|im_end|>", "<|eot_id|>", "<|endoftext|>", "<|end_of_text|>", "<|end_of_solution|>"),
    *("</s>", "<｜end▁of▁sentence｜>", "<eos>", "<end_of_turn>"),
)
_BOX = re.compile(r"\\(?:boxed|fbox|framebox|Boxed)\s*(?![A-Za-z])|\x08oxed\s*(?=\{)")
_BETWEEN = re.compile(
    r"(?:[\s$,;.&~]|\\[,;!: ()\[\]]|\\q?quad|\\text\s*\{[\s,;]*(?:and|or)?[\s,;]*\}|\\(?:and|or)\b"
    r"|\b(?:and|or)\b|\b[a-zA-Z]\s*=|\*\*|\\\\)*",
)
_TAG = re.compile(r"<(answer|final_answer|finalanswer)>(.*?)(?:</\1>|\Z)", re.IGNORECASE | re.DOTALL)
_HASHES = re.compile(r"^[ \t]*####(?!#)[ \t]*(\S[^\n]*)", re.MULTILINE)
_MARK = r"[*_`]{0,3}"
_HEADING = re.compile(
    rf"(?:^|[\n.*#])[ \t>#*_-]*(?:the )?(?:correct |final |my )*(?:answer|choice|option|result)s?{_MARK}"
    rf"\s*[:：]\s*{_MARK}\s*",
    re.IGNORECASE,
)
_IS = re.compile(
    rf"\b(?:final |correct |right |best )*(?:answer|choice|option|result|solution)s?"
    rf"(?: to (?:the|this) (?:problem|question))?{_MARK}"
    rf"\s+(?:is|are|must be|would be|should be|will be|equals)\b{_MARK}(?: (?:therefore|thus|then|simply|option|choice|"
    rf"indeed|equal to))*\s*[:：]?\s*",
    re.IGNORECASE,
)
_BOLD = re.compile(r"\*\*([^*\n]{1,200})\*\*")
_DISPLAY = re.compile(r"\$\$(.+?)\$\$|\\\[(.+?)\\\]|(?<!\\)\$(.+?)(?<!\\)\$|\\\((.+?)\\\)", re.DOTALL)
_NUMBER = re.compile(
    r"-?\\[dt]?frac\s*\{\s*-?\d+\s*\}\s*\{\s*\d+\s*\}"
    r"|(?:(?<![\w.^)\]}])|(?<=[\s$]))[-−]?\s?\\?\$?(?:\d{1,3}(?:(?:,|\{,\}|,\\!)\d{3})+|\d+)(?:\.\d+)?"
    r"(?:[eE][-+]?\d+)?(?:\s?/\s?\d+(?![\d/]))?(?:\s*\\?%)?"
    r"|[-−]?(?<![\w.])\.\d+"
)


def after_thinking(output: str) -> str | None:
    """The text after the thinking part; None where the thinking never closed."""
    if "<" not in output and "◁" not in output and "[" not in output:
        return output
    last = None
    for last in _THINKING.finditer(output):  # noqa: B007 - only the last mark matters
        pass
    if last is None:
        return output
    return None if last["open"] else output[last.end() :]


def _closing(text: str, start: int) -> int:
    """Index of the brace that closes the one at `start`, or -1."""
    depth = 0
    for match in re.compile(r"\\.|[{}]", re.DOTALL).finditer(text, start):
        if match[0] == "{":
            depth += 1
        elif match[0] == "}":
            depth -= 1
            if not depth:
                return match.start()
    return -1


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
            token = re.compile(r"\\[a-zA-Z]+|[^\s$]").match(text, start)
            if token is None:
                continue
            content, end = token[0], token.end()
        if content.strip():
            found.append(_Box(match.start(), end, content.strip()))
    return found


def last_boxed(text: str) -> str | None:
    """The content of the last box. Boxes with nothing but `,`, `and`, `or` between them are one answer, a list:
    whoever boxes two candidates has not answered with the second."""
    found = boxes(text)
    if not found:
        return None
    group = [found[-1]]
    for box in reversed(found[:-1]):
        if group[0].start - box.end > 60 or not _BETWEEN.fullmatch(text[box.end : group[0].start]):
            break
        group.insert(0, box)
    contents = list(dict.fromkeys(box.content for box in group))
    return ", ".join(contents)


def _clause(text: str) -> str:
    """The start of `text` up to where its sentence ends, without the marks around it."""
    line = text.lstrip(" \t*_`\n")
    display = _DISPLAY.match(line)
    if display and line[display.end() : display.end() + 1] in ("", ".", "\n", " ", ",", "*"):
        rest = re.match(r"[^\n.;]*", line[display.end() :])
        tail = rest[0].strip(" *,") if rest else ""
        return (
            line[: display.end()] + (" " + tail if re.fullmatch(r"(?:and|or) .+|\\?%|\w{1,12}", tail) else "")
        ).strip()
    line = line.split("\n", 1)[0]
    end = re.search(r"[.;!](?=\s|$|\*)(?<!\d\.(?=\d))|,? (?:because|since|as|so|which|when|where|if)\b", line)
    return (line[: end.start()] if end else line).strip(" \t*_`")


def declared(text: str) -> str | None:
    """The last declared final answer: an answer tag, a `####` line, `Answer: ...`, `the answer is ...`."""
    tag = None
    for tag in _TAG.finditer(text):  # noqa: B007
        pass
    if tag is not None and tag[2].strip():
        return tag[2].strip()
    found: list[tuple[int, str]] = []
    for match in _HASHES.finditer(text):
        found.append((match.start(), match[1].strip().strip("*")))
    for pattern in (_HEADING, _IS):
        for match in pattern.finditer(text):
            clause = _clause(text[match.end() : match.end() + 600])
            if clause:
                found.append((match.end(), clause))
    return max(found)[1] if found else None


def bold_final(text: str) -> str | None:
    """The last bold passage of the last line, or the last formula that ends the text."""
    end = text.rstrip()
    line = end[end.rfind("\n") + 1 :][-1000:]
    bold = _BOLD.findall(line)
    if bold and not bold[-1].rstrip().endswith(":"):
        return str(bold[-1]).strip()
    tail = end[-2000:]
    formula = None
    for formula in _DISPLAY.finditer(tail):  # noqa: B007
        pass
    if formula is not None and re.fullmatch(r"[\s.,!)*]*", tail[formula.end() :]):
        content = next(group for group in formula.groups() if group is not None).strip()
        return content.rsplit("=", 1)[-1].strip() if re.search(r"[^<>!\\]=", content) else content
    return None


def numbers(text: str) -> list[str]:
    """Every number of `text`, in order, as written."""
    return [match[0] for match in _NUMBER.finditer(text)]


def last_number(text: str) -> str | None:
    tail = text[-20_000:]
    found = numbers(tail)
    return found[-1].strip() if found else None


def extract(output: str, last: bool = True) -> Extracted:
    """The final answer of an output and the step that found it. `last` lets the last number count."""
    text = after_thinking(output)
    if text is None:
        return Extracted(None, "unclosed-thinking")
    text = text[-500_000:].rstrip()
    while mark := next((mark for mark in _ENDMARKS if text.endswith(mark)), None):
        text = text.removesuffix(mark).rstrip()
    if not text.strip():
        return Extracted(None, "empty")
    for step, find in (
        ("boxed", last_boxed),
        ("declared", declared),
        ("final", bold_final),
        ("last-number", last_number),
    ):
        if step == "last-number" and not last:
            continue
        answer = find(text)
        if answer:
            return Extracted(answer, step)
    return Extracted(None, "none")
