"""Declared answers: sentences, headings and marks by which an output says that this is its final answer."""

from __future__ import annotations

import re

_TAIL = 100_000  # characters at the end of an output in which a declaration counts
_LAST = 100  # declarations that are looked at
_TAG = re.compile(r"<(answer|final_answer|finalanswer)>(.*?)(?:</\1>|\Z)", re.IGNORECASE | re.DOTALL)
_HASHES = re.compile(r"^[ \t]*####(?!#)[ \t]*(\S[^\n]*)", re.MULTILINE)
_MARK = r"[*_`]{0,3}"
_HEADING = re.compile(
    rf"(?:^|[\n.*#])[ \t>#*_-]{{0,20}}(?:the )?(?:correct |final |my ){{0,3}}(?:answer|choice|option|result)s?{_MARK}"
    rf"(?:\s{{0,9}}[:：]\s{{0,9}}{_MARK}\s{{0,9}}|[ \t]{{0,9}}\n\s{{0,9}})",
    re.IGNORECASE,
)
_IS = re.compile(
    rf"\b(?:answer|choice|option|result|solution)s?(?: to (?:the|this) (?:problem|question))?{_MARK}"
    rf"\s{{1,9}}(?:is|are|must be|would be|should be|will be|equals)\b{_MARK}"
    rf"(?: (?:therefore|thus|then|simply|option|choice|indeed|equal to|clearly)){{0,3}}\s{{0,9}}[:：]?\s{{0,9}}",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(r"(?<!\\)[.;!](?=\s|$|\*)|,? (?:because|since|so|which|when|where|if|as)\b")
BOLD = re.compile(r"\*\*([^*\n]{1,200})\*\*")
_DISPLAY = re.compile(
    r"\$\$([^$]+)\$\$|\\\[((?:[^\\]|\\(?!\]))+)\\\]|(?<!\\)\$((?:[^$\\]|\\.)+)\$|\\\(((?:[^\\]|\\(?!\)))+)\\\)"
)
_NUMBER = re.compile(
    r"-?\\[dt]?frac\s*\{\s*-?\d+\s*\}\s*\{\s*\d+\s*\}"
    r"|(?:(?<![\w.^)\]}])[-−]\s?)?(?<![\w.])(?<!\d,)\\?[$€£]?(?:\d{1,3}(?:(?:,|\{,\}|,\\!)\d{3})+(?!\d)|\d+)(?:\.\d+)?"
    r"(?:[eE][-+]?\d+)?(?:\s?/\s?\d+(?![\d/]))?(?:\s*\\?%)?"
    r"|(?:(?<![\w.^)\]}])[-−])?(?<![\w.])\.\d+"
)
WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}")
VERB = re.compile(
    r"(?<![\\\w])(?:is|are|was|were|has|have|left|remains?|needs?|gives?|gets?|equals?|so|thus|hence|therefore|then|we|it)"
    r"(?!\w)",
    re.IGNORECASE,
)


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


def declarations(text: str) -> list[str]:
    """All declared final answers, in order: `####` lines, `Answer: ...`, `the answer is ...`; last, an answer tag."""
    text = text[-_TAIL:]
    end = len(text)
    found: list[tuple[int, str]] = []
    for match in list(_HASHES.finditer(text))[-_LAST:]:
        found.append((match.end(), match[1].strip().strip("*")))
    for pattern in (_HEADING, _IS):
        for match in list(pattern.finditer(text))[-_LAST:]:
            clause = _clause(text[match.end() : match.end() + 600])
            sentence = len(WORD.findall(clause)) > 4 and "**" not in clause
            if not clause or re.match(r"not |n't |- [A-Za-z*]", clause):
                continue
            if not (sentence and end - match.end() - len(clause) > 100):  # else reasoning goes on
                found.append((match.end(), clause))
    tags = [tag[2].strip() for tag in _TAG.finditer(text)] if "<" in text else []
    return [clause for _, clause in sorted(found)] + [tag for tag in tags if tag][-1:]


def declared(text: str) -> str | None:
    """The last declared final answer; an answer tag outranks sentences."""
    found = declarations(text)
    return found[-1] if found else None


def focus(clause: str) -> str:
    """What a declaring sentence says: `It is **6 pages**` says `6 pages`, `Jo slept 3 hours more` says `3`."""
    if len(WORD.findall(clause)) < 3 and "**" not in clause and not VERB.search(clause):
        return clause
    if bold := BOLD.findall(clause):
        clause = str(bold[-1])
        if len(WORD.findall(clause)) < 3:
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
    bold = [match[1] for match in BOLD.finditer(line) if not line[match.end() :].lstrip().startswith(":")]
    if bold and not bold[-1].rstrip().endswith(":"):
        return focus(str(bold[-1]).strip())
    formula = None
    for formula in _DISPLAY.finditer(text[-2000:]):  # noqa: B007
        pass
    if formula is not None and re.fullmatch(r"[\s.,!)*]*", text[-2000:][formula.end() :]):
        content = str(next(group for group in formula.groups() if group is not None)).strip()
        return content
    return None


def numbers(text: str) -> list[str]:
    """Every number of `text`, in order, as written."""
    return [match[0] for match in _NUMBER.finditer(text)]
