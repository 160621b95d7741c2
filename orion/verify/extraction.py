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

from orion.verify.words import brackets, choice


class Extracted(NamedTuple):
    """`answer` is None where there is none; then `step` says why: `unclosed-thinking`, `empty` or `none`."""

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
_BOX = re.compile(r"\\(?:boxed|fbox|framebox|Boxed)(?![A-Za-z])\s*|\x08oxed\s*(?=\{)")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_BARE_BOX = re.compile(r"\\[a-zA-Z]+|[^\s$]")
_BETWEEN = re.compile(
    r"(?:[\s$,;.&~]|\\[,;!: ()\[\]]|\\q?quad|\\text\s*\{[\s,;]*(?:and|or)?[\s,;]*\}|\\(?:and|or)\b"
    r"|\b(?:and|or)\b|\b[a-zA-Z](?:_\{?\d\}?)?\s*=|\*\*|\\\\)*",
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
    rf"\b(?:answer|choice|option|result|solution)s?(?: to (?:the|this) (?:problem|question))?{_MARK}"
    rf"\s+(?:is|are|must be|would be|should be|will be|equals)\b{_MARK}(?: (?:therefore|thus|then|simply|option|choice|"
    rf"indeed|equal to|clearly))*\s*[:：]?\s*",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(r"(?<!\\)[.;!](?=\s|$|\*)|,? (?:because|since|so|which|when|where|if|as)\b")
_BOLD = re.compile(r"\*\*([^*\n]{1,200})\*\*")
_DISPLAY = re.compile(
    r"\$\$([^$]+)\$\$|\\\[((?:[^\\]|\\(?!\]))+)\\\]|(?<!\\)\$((?:[^$\\]|\\.)+)\$|\\\(((?:[^\\]|\\(?!\)))+)\\\)"
)
_NUMBER = re.compile(
    r"-?\\[dt]?frac\s*\{\s*-?\d+\s*\}\s*\{\s*\d+\s*\}"
    r"|(?:(?<![\w.^)\]}])[-−]\s?)?(?<![\w.])(?<!\d,)\\?[$€£]?(?:\d{1,3}(?:(?:,|\{,\}|,\\!)\d{3})+(?!\d)|\d+)(?:\.\d+)?"
    r"(?:[eE][-+]?\d+)?(?:\s?/\s?\d+(?![\d/]))?(?:\s*\\?%)?"
    r"|(?:(?<![\w.^)\]}])[-−])?(?<![\w.])\.\d+"
)
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}")
_VERB = re.compile(r"(?<!\\)\b(?:is|are|was|were|has|have|left|remains?|needs?)\b")
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


def _clause(text: str) -> str:
    """The start of `text` up to where its sentence ends, without the marks around it."""
    line = text.lstrip(" \t*_`\n")
    if display := _DISPLAY.match(line):
        rest = re.match(r"[^\n.;]*", line[display.end() :])
        tail = rest[0].strip(" *,") if rest else ""
        joined = re.fullmatch(r"(?:and|or)\b.+|\\?%|\w{1,15}", tail)
        return (line[: display.end()] + (" " + tail if joined else "")).strip()
    ends = [match.start() for match in re.finditer(rf"\n|{_CLAUSE_END.pattern}", line)]
    end = next((end for end in ends if line.count("{", 0, end) == line.count("}", 0, end)), len(line))
    return line[:end].strip(" \t_`")


def declared(text: str) -> str | None:
    """The last declared final answer: an answer tag, a `####` line, `Answer: ...`, `the answer is ...`."""
    tag = None
    if "<" in text:
        for tag in _TAG.finditer(text):  # noqa: B007
            pass
    if tag is not None and tag[2].strip():
        return tag[2].strip()
    end = len(text)
    found: list[tuple[int, str]] = []
    for match in _HASHES.finditer(text):
        found.append((match.end(), match[1].strip().strip("*")))
    for pattern in (_HEADING, _IS):
        for match in pattern.finditer(text):
            clause = _clause(text[match.end() : match.end() + 600])
            sentence = len(_WORD.findall(clause)) > 4 and "**" not in clause
            if clause and not (sentence and end - match.end() - len(clause) > 100):  # else reasoning goes on
                found.append((match.end(), clause))
    return max(found)[1] if found else None


def _focus(clause: str) -> str:
    """What a declaring sentence says: `It is **6 pages**` says `6 pages`, `Jo slept 3 hours more` says `3`."""
    if len(_WORD.findall(clause)) < 3 and "**" not in clause and not _VERB.search(clause):
        return clause
    if bold := _BOLD.findall(clause):
        clause = str(bold[-1])
        if len(_WORD.findall(clause)) < 3:
            return clause
    formulas = list(_DISPLAY.finditer(clause))
    if formulas:
        content = str(next(group for group in formulas[-1].groups() if group is not None)).strip()
        if re.search(r"\d|\\", content):
            return content
    found = numbers(clause)
    if not found:
        return clause
    money = [number for number in found if "$" in number]
    return (money or found)[0].strip()


def bold_final(text: str) -> str | None:
    """The last bold passage of the last line, or the last formula where it ends the text."""
    line = text[text.rfind("\n") + 1 :][-1000:]
    bold = [match[1] for match in _BOLD.finditer(line) if not line[match.end() :].lstrip().startswith(":")]
    if bold and not bold[-1].rstrip().endswith(":"):
        return _focus(str(bold[-1]).strip())
    formula = None
    for formula in _DISPLAY.finditer(text[-2000:]):  # noqa: B007
        pass
    if formula is not None and re.fullmatch(r"[\s.,!)*]*", text[-2000:][formula.end() :]):
        content = str(next(group for group in formula.groups() if group is not None)).strip()
        return re.split(r"(?<![<>!\\])=", content)[-1].strip() if r"\begin" not in content else content
    return None


def short_whole(text: str) -> str | None:
    """The output itself, where it is nothing but an answer."""
    line = text.strip()
    return line if len(line) <= 120 and "\n" not in line and len(_WORD.findall(line)) <= 2 else None


def numbers(text: str) -> list[str]:
    """Every number of `text`, in order, as written."""
    return [match[0] for match in _NUMBER.finditer(text)]


def last_number(text: str) -> str | None:
    found = numbers(text[-20_000:])
    return found[-1].strip() if found else None


def _last_line(text: str) -> str | None:
    line = text[text.rfind("\n") + 1 :].strip(" \t*_`")
    return line if 0 < len(line) <= 300 else None


def _choice_in(text: str) -> str | None:
    """A choice's letter in a short passage."""
    letter = choice(text)
    if letter is None and (match := _LETTER.search(text)):
        letter = match[1] or match[2]
    return f"({letter})" if letter else None


def _last_choice(text: str) -> str | None:
    for line in reversed(text[-2000:].splitlines()):
        found = list(_LAST_LETTER.finditer(line))
        if found:
            return f"({next(group for group in found[-1].groups() if group)})"
    return _choice_in(text.split("\n", 1)[0]) if choice(text[:40]) else None


def _brackets_in(text: str) -> str | None:
    found = re.findall(r"[()\[\]{}<>](?:[()\[\]{}<>\s,]*[()\[\]{}<>])?", text[-2000:])
    return str(found[-1]) if found else None


_Step = tuple[str, Callable[[str], str | None]]


def _steps(kind: str, last: bool) -> list[_Step]:
    if kind == "choice":
        return [
            ("boxed", last_boxed),
            ("declared", lambda text: _choice_in(declared(text) or "") or None),
            ("final", lambda text: _choice_in(bold_final(text) or "")),
            ("last-choice", _last_choice),
            ("declared", declared),
        ]
    if kind == "text":
        return [("boxed", last_boxed), ("declared", _declared_words), ("final", _bold_words), ("last-line", _last_line)]
    if kind == "brackets":
        return [
            ("boxed", last_boxed),
            ("declared", lambda text: brackets(declared(text) or "") and declared(text)),
            ("last-line", lambda text: brackets(_last_line(text) or "") and _last_line(text)),
            ("last-brackets", _brackets_in),
        ]
    steps: list[_Step] = [
        ("boxed", last_boxed),
        ("declared", lambda text: _focus(clause) if (clause := declared(text)) else None),
        ("whole", short_whole),
        ("final", bold_final),
    ]
    return [*steps, ("last-number", last_number)] if last else steps


def _declared_words(text: str) -> str | None:
    clause = declared(text)
    if clause and (bold := _BOLD.findall(clause)):
        return str(bold[-1])
    return clause.strip("* ") if clause else None


def _bold_words(text: str) -> str | None:
    bold = _BOLD.findall(text[text.rfind("\n") + 1 :])
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
    for step, find in _steps(kind, last):
        if answer := find(text):
            return Extracted(answer, step)
    return Extracted(None, "none")
