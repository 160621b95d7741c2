"""Decides whether an extracted answer agrees with the gold, cheapest comparison first.

Normal text, exact rationals, choices and words, then the parts of what was read (structure, values); what is left is
for the symbolic workers. The name of the step that decided is the second half of a verdict's `how`.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from orion.errors import UserError
from orion.verify.agreement import agree
from orion.verify.evaluation import symbols, value
from orion.verify.expression import TooBig, Unreadable
from orion.verify.forms import Group, Relation, Scalar, Words, read
from orion.verify.normal import degrouped, normal, rational, tight
from orion.verify.policy import Grading
from orion.verify.tokens import tokenize
from orion.verify.words import brackets, choice, number_word, plain_words

KINDS = {name: name for name in ("math", "number", "choice", "text", "brackets")} | {
    **{"float": "number", "integer": "number", "numeric": "number", "int": "number"},
    **{"multiple-choice": "choice", "multiple_choice": "choice", "mcq": "choice", "letter": "choice"},
    **{"yes/no": "text", "yes-no": "text", "yesno": "text", "boolean": "text", "bool": "text", "word": "text"},
    **{"words": "text", "string": "text", "bracket": "brackets", "dyck": "brackets"},
}
MAX_ANSWER = 4000  # characters; a longer answer is compared as text only
_FLOAT = re.compile(r"-?\d+\.\d{7,}|-?\d*\.?\d+[eE]-\d+")
_CHOICE_GOLD = re.compile(r"\(?[A-J]\)?|\(\d\)")
_SCIENTIFIC = re.compile(r"(\d)\s*(?:\\times|\\cdot|\*|x)\s*10\s*(?:\^|\*\*)\s*\{?\s*([-+]?\d{1,3})\s*\}?")
_ALGEBRA = re.compile(
    r"\\(?:int|sum|prod|lim|setminus|backslash|cap|det|mod|bmod|pmod|operatorname|overline|choose)(?![a-z])"
)
_MERIDIEM = re.compile(r"\b[ap]\.?\s?m\b", re.IGNORECASE)
_TEXT = re.compile(r"\\text\s*\{[^{}]*\}")
_LETTER_UNIT = re.compile(
    r"(.*[\d})])\s*((?:[mgshLNJWVKCA]|[a-zA-Z]{2,4})(?:\s*/\s*(?:[a-zA-Z]{1,3})(?:\^\{?\d\}?)?)?(?:\^\{?\d\}?)?)"
)
_MATHEMATICAL = re.compile(r"\\(?!text|quad|left|right|\$)[a-zA-Z]+|\d|[=<>^_+*/|]")


class Decision(NamedTuple):
    """`equal` is None with a `reason` where it cannot be decided, and without one where a worker may decide."""

    equal: bool | None
    how: str
    reason: str | None = None


def canonical_kind(kind: str) -> str:
    """`math`, `number`, `choice`, `text` or `brackets`.

    Raises:
        UserError: no such kind.
    """
    if kind not in KINDS:
        raise UserError(f"unknown kind {kind!r} of answer: use math, number, choice, text or brackets")
    return KINDS[kind]


def decide(gold: str, answer: str, kind: str, policy: Grading) -> Decision:
    """Compare an answer with the gold, as far as that goes without algebra."""
    if not gold.strip():
        return Decision(None, "none", "the gold is empty")
    kind = canonical_kind(kind)
    if kind == "choice":
        return _choice(gold, answer)
    if kind == "brackets":
        first, second = brackets(gold), brackets(answer)
        return Decision(first == second if first else gold.split() == answer.split(), "brackets")
    if kind == "text":
        return _text(gold, answer)
    return _math(gold, answer, kind, policy)


def _choice(gold: str, answer: str) -> Decision:
    wanted = choice(gold)
    if wanted is None:  # a gold that is no letter, as a film title
        return _text(gold, answer)
    return Decision(choice(normal(answer)) == wanted, "choice")


def _text(gold: str, answer: str) -> Decision:
    if re.sub(r"\s", "", gold) == re.sub(r"\s", "", answer):
        return Decision(True, "text")
    first, second = plain_words(gold), plain_words(answer)
    return Decision(bool(first) and first == second, "text")


@lru_cache(maxsize=8192)
def _normal(text: str) -> tuple[str, str, Fraction | None]:
    text = normal(text)
    return text, tight(text), rational(text)


def _math(gold: str, answer: str, kind: str, policy: Grading) -> Decision:
    if len(answer) > MAX_ANSWER or len(gold) > MAX_ANSWER:
        if gold.strip() == answer.strip():
            return Decision(True, "text")
        return Decision(None, "text", f"the answer has more than {MAX_ANSWER} characters")
    (g, g_tight, g_value), (a, a_tight, a_value) = _normal(gold), _normal(answer)
    if g_tight == a_tight:
        return Decision(True, "text")
    if g_value is not None and g_value.denominator != 1 and (kind == "number" or _FLOAT.fullmatch(g)):
        close = _float(g, g_value, a, policy.float_tolerance)
        if close is not None:
            return Decision(close, "float")
    if g_value is not None and a_value is not None:
        return Decision(_numbers(g, a, g_value, a_value, policy), "rational")
    if g_value is not None and not re.search(r"[\d=+*/^]", a) and number_word(a) == g_value:
        return Decision(True, "words")
    bare = re.sub(r"\\text\s*|[{}]", "", g).strip()
    if _CHOICE_GOLD.fullmatch(bare):
        found = choice(a, bare=False)
        if found is not None:
            return Decision(found == bare.strip("()"), "choice")
    elif (prefix := re.match(r"(?:\\text\s*\{\s*)?\(\s*[A-J]\s*\)\s*\}?\s*(?=[^\s,])", a)) and prefix.end() < len(a):
        return _math(gold, a[prefix.end() :], kind, policy)._replace(how="choice")
    if _MERIDIEM.search(g) and plain_words(g) == plain_words(a):
        return Decision(True, "words")
    if _unwrapped(g) == _unwrapped(a):
        return Decision(True, "words")
    if ("\\text" in g or "\\text" in a or len(bare) > 2) and plain_words(g) == plain_words(a) != "" and _wordy(g):
        return Decision(True, "words")
    decision = _read(g, a, policy)
    if (
        decision.equal is False
        and (unit := _LETTER_UNIT.fullmatch(a))
        and not re.search(r"(?<![\\a-zA-Z])[a-zA-Z](?![a-zA-Z])", _TEXT.sub("", g))
    ):
        return _read(g, f"{unit[1]} \\text{{{unit[2]}}}", policy)
    return decision


def _unwrapped(text: str) -> str:
    """The characters of a text that stands in no formula, for `\\text{June 20}` against `June 20`."""
    return re.sub(r"\\text(?![a-zA-Z])|[{}\s]", "", text).casefold() if "\\text" in text or text[:1].isalpha() else text


def _wordy(text: str) -> bool:
    return not re.search(r"[\d^_+*/=<>|]|\\(?!text)[a-zA-Z]", text)


def _numbers(g: str, a: str, gold: Fraction, answer: Fraction, policy: Grading) -> bool:
    if gold == answer:
        return True
    if policy.decimal_digits is not None and ("." in g) != ("." in a):
        return bool(agree(read(tokenize(g)), read(tokenize(a)), policy))
    return False


def _float(g: str, gold: Fraction, a: str, tolerance: float) -> bool | None:
    """Whether an answer is the float gold, rounded or cut to the digits that it shows; None: not a plain number."""
    if not tolerance:
        return None
    a = degrouped(a)[0]
    try:
        form = read(tokenize(_SCIENTIFIC.sub(r"\1e\2", a)))
        answer = value(form.tree) if isinstance(form, Scalar) and not symbols(form.tree) else None
    except (ArithmeticError, ValueError, RecursionError):
        return None
    if not isinstance(form, Scalar) or not isinstance(answer, Fraction):
        return None
    answer = answer / 100 if form.percent else answer
    error = abs(answer - gold)
    if error > abs(gold) * Fraction(tolerance):
        return False
    # noise of binary floats, rounding of the gold, golds of few digits
    if error <= abs(gold) / 10**12 or error <= _step(g) / 2 or abs(gold) < Fraction(1, 1000):
        return True
    numeral = re.match(r"\\?\$?\s*(-?[\d.]+(?:e[-+]?\d+)?)", _SCIENTIFIC.sub(r"\1e\2", a))
    if numeral is None or form.percent or rational(numeral[1]) != answer:
        return False  # a fraction or a formula shows no digits
    step = _step(numeral[1])
    return error <= step / 2 or (error < step and abs(answer) < abs(gold))


def _step(numeral: str) -> Fraction:
    """One unit of the last digit that a numeral shows."""
    mantissa, _, exponent = numeral.lower().partition("e")
    return Fraction(10) ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def _read(g: str, a: str, policy: Grading) -> Decision:
    how = "value"
    reason = None
    unknown = False
    for gold in degrouped(g):
        for answer in degrouped(a):
            try:
                first, second = read(tokenize(gold)), read(tokenize(answer))
                how = _name(first, second)
                verdict = agree(first, second, policy)
            except (TooBig, OverflowError, RecursionError):
                verdict, reason = None, "the numbers or the nesting are too large to compare"
            except (Unreadable, ValueError):
                verdict = None
            if verdict:
                return Decision(True, how)
            unknown = unknown or verdict is None
    if reason:
        return Decision(None, how, reason)
    if not unknown:
        return Decision(False, how)
    if any(len(text) > 1 and not _MATHEMATICAL.search(text) for text in (g, a)):  # words against a formula
        number = number_word(a)
        return Decision(number is not None and rational(g) == number, "words")
    for text, gold_side in ((g, True), (a, False)):
        if not _legible(text) and not _ALGEBRA.search(text):
            # math-verify guesses at what is malformed, and takes `10_x` for `10_2`
            return (
                Decision(None, "unreadable", "the gold cannot be read") if gold_side else Decision(False, "unreadable")
            )
    return Decision(None, "symbolic")


def _legible(text: str) -> bool:
    """Whether a text and the sides of a relation can be read."""
    try:
        form = read(tokenize(text))
        return not isinstance(form, Relation) or all(read(side) for side in form.sides)
    except (Unreadable, ValueError):
        return False
    except (TooBig, OverflowError, RecursionError):
        return True


def _name(*forms: object) -> str:
    if any(isinstance(form, Relation) for form in forms):
        return "relation"
    for form in forms:
        if isinstance(form, Group):
            return {"list": "list", "set": "set", "union": "interval", "matrix": "matrix", "vector": "vector"}.get(
                form.kind, "tuple" if form.kind == "()" else "interval"
            )
    if any(isinstance(form, Words) for form in forms):
        return "words"
    return "value" if all(isinstance(form, Scalar) for form in forms) else "base"
