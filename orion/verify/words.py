"""Answers that are words: names, yes and no, choices, weekdays, number words, bracket strings, lists of words."""

from __future__ import annotations

import re

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_ARTICLES = re.compile(r"^(?:the|an|a) ")
_WRAPPERS = re.compile(r"\\(?:text|quad|qquad|displaystyle)(?![a-zA-Z])|[{}$\\*_`\"]")
_PUNCTUATION = re.compile(r"[,;:.!?()\[\]'&-]+")
_CHOICE = re.compile(r"^\s*(?:option|choice|answer)?\s*\(?\s*([A-Za-z]|\d)\s*(?:\)|(?=[.:,]|$)|(?= - ))", re.IGNORECASE)
_BARE_CHOICE = re.compile(r"^\s*(?:option|choice|answer)?\s*(?:\(\s*([A-Za-z]|\d)\s*\)|([A-Z])\s*(?=[).:]|$))")
_MERIDIEM = re.compile(r"\b([ap])\.?\s?m\b\.?", re.IGNORECASE)


def plain_words(text: str) -> str:
    """The words of an answer, lower case, without wrappers, punctuation and articles."""
    text = _WRAPPERS.sub(" ", text)
    text = _MERIDIEM.sub(r"\1m", text)
    text = " ".join(_PUNCTUATION.sub(" ", text).lower().split())
    return _ARTICLES.sub("", text)


def number_word(text: str) -> int | None:
    """The number that `four`, `twenty-five` or `one hundred` says."""
    words = plain_words(text).split()
    if not words or len(words) > 2:
        return None
    if len(words) == 1:
        if words[0] in _SMALL:
            return _SMALL.index(words[0])
        return (
            20 + 10 * _TENS.index(words[0]) if words[0] in _TENS else {"hundred": 100, "thousand": 1000}.get(words[0])
        )
    if words[0] in _TENS and words[1] in _SMALL[1:10]:
        return 20 + 10 * _TENS.index(words[0]) + _SMALL.index(words[1])
    if words[0] in _SMALL[1:] and words[1] in ("hundred", "thousand"):
        return _SMALL.index(words[0]) * (100 if words[1] == "hundred" else 1000)
    return None


def choice(text: str, bare: bool = True) -> str | None:
    """The letter (or digit) of a choice: `(B)`, `B`, `B. Paris`, `Option B`, `\\textbf{(B)} 12`. None for other text.

    Without `bare`, only what cannot be anything but a choice: a letter in brackets, or alone.
    """
    text = _WRAPPERS.sub(" ", text).replace("~", " ").strip()
    match = (_CHOICE if bare else _BARE_CHOICE).match(text)
    return next(group for group in match.groups() if group).upper() if match else None


def brackets(text: str) -> str | None:
    """The brackets of a bracket string, without spaces; None where there is anything else."""
    bare = re.sub(r"\\left|\\right|\\text|[\s,$`'\"]|\\[,;! ]", "", text)
    bare = bare.replace(r"\{", "{").replace(r"\}", "}").replace(r"\langle", "<").replace(r"\rangle", ">")
    return bare if bare and not re.sub(r"[()\[\]{}<>]", "", bare) else None
