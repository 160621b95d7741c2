r"""Reads the tokens of an answer as what it is: a number with its unit, words, a list, a tuple, an interval, a set,
a matrix, an equation or inequality, a number in another base. Parts are read in the same way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from orion.verify.expression import Tree, Unreadable, parse
from orion.verify.tokens import depths, split
from orion.verify.units import Unit, split_unit
from orion.verify.words import number_word

Tokens = tuple[str, ...]
RELATIONS = frozenset(["=", "<", ">", r"\le", r"\ge", r"\ne", r"\in", r"\to", r"\equiv"])
_CONDITIONS = RELATIONS - {"=", r"\to", r"\equiv"}
_SEPARATORS = frozenset([",", ";"])
_PAIRS = {"(": ")", "[": "]", "{{": "}}", r"\langle": r"\rangle"}
_BASED = re.compile(r"(-?[0-9A-Za-z]+(?:\.[0-9]+)?)_(?:\{(\d{1,2})\}|(\d{1,2}))")
_CONDITION = re.compile("t:(?:for|where|if|when|as long as|provided)\\b")
_REAL_LINE = ((r"\mathbb", "{", "R", "}"), (r"\mathbb", "R"), (r"\R",), (r"\Reals",))
_MATRICES = frozenset("w:" + name for name in ("matrix", "pmatrix", "bmatrix", "Bmatrix", "array", "smallmatrix"))


@dataclass(frozen=True, slots=True)
class Scalar:
    """An expression, with what stood around it. `decimals` counts the digits after the point of a decimal numeral."""

    tree: Tree
    unit: Unit | None = None
    percent: bool = False
    decimals: int | None = None


@dataclass(frozen=True, slots=True)
class Words:
    text: str


@dataclass(frozen=True, slots=True)
class Based:
    """A number in another base, as `52_8`."""

    digits: str
    base: int


@dataclass(frozen=True, slots=True)
class Group:
    """`kind`: `list` (no brackets), `set`, `union`, `vector`, `matrix` (of vectors), or the two brackets, as `(]`."""

    kind: str
    items: tuple[Form, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """`sides[0] ops[0] sides[1] ...`; sides are tokens, read when they are compared."""

    sides: tuple[Tokens, ...]
    ops: tuple[str, ...]


Form = Scalar | Words | Based | Group | Relation


@lru_cache(maxsize=8192)
def read(tokens: Tokens) -> Form:
    """What the tokens say.

    Raises:
        Unreadable: nothing of the above; perhaps a symbolic worker can read it.
    """
    tokens = _trimmed(tokens)
    if not tokens:
        raise Unreadable("nothing")
    if all(token[:2] in ("t:", "w:") for token in tokens):
        words = " ".join(token[2:] for token in tokens)
        return REALS if words.lower() in ("all real numbers", "all reals", "real numbers") else Words(words)
    if tokens in _REAL_LINE:
        return REALS
    for index, token in enumerate(tokens):
        if index and _CONDITION.match(token):  # `5 \text{ for } x > 0`
            return read(tokens[:index])
    parts, _ = split(tokens, frozenset([r"\approx"]))
    if len(parts) > 1 and not parts[0]:
        return read(parts[1])
    if len(parts) > 1:
        if len(parts[0]) > 1 or not parts[0][0].isalpha():
            return read(parts[0])
        tokens = (*parts[0], "=", *parts[1])
    compound = _compound(tokens) if tokens[0][:1].isdigit() and tokens[-1][:2] in ("t:", "w:") else None
    if compound is not None:
        return compound
    parts, _ = split(tokens, _SEPARATORS)
    parts = [part for part in parts if _trimmed(part)]
    if len(parts) > 1 and not _CONDITIONS & set(parts[0]):  # `2n + 1, n \ge 1`
        parts = [part for part in parts if not _CONDITIONS & set(part)]
    if len(parts) > 1:
        return Group("list", _flat(parts))
    tokens = _trimmed(parts[0])
    sides, ops = split(tokens, RELATIONS)
    if ops:
        return _relation(sides, ops)
    parts, _ = split(tokens, frozenset([r"\cup"]))
    if len(parts) > 1:
        return Group("union", _flat(parts))
    group = _group(tokens)
    if group is not None:
        return group
    if r"\pm" in tokens or r"\mp" in tokens:
        return Group("list", tuple(read(signed) for signed in _signs(tokens)))
    based = _BASED.fullmatch("".join(_digits(token) for token in tokens)) if "_" in tokens else None
    if based:
        digits, base = based[1].upper(), int(based[2] or based[3])
        plain = digits.removeprefix("-").replace(".", "")
        valid = plain[0].isdigit() and base <= 36 and all(int(digit, 36) < base for digit in plain)
        if valid or plain.isdigit():
            return Based(digits.lstrip("0") or "0", base)
    parts, _ = split(tokens, frozenset([":"]))
    if len(parts) == 2 and all(parts):
        if parts[1][0] == "00":  # a time of day on the hour
            return _scalar((*parts[0], *parts[1][1:]))
        second, unit = split_unit(parts[1])
        return Scalar(("div", parse(parts[0]), parse(second)), unit)
    return _scalar(tokens)


_INFINITY: Tree = ("const", "inf")
REALS = Group("()", (Scalar(("neg", _INFINITY)), Scalar(_INFINITY)))


def _digits(token: str) -> str:
    """A token of a number in another base: hexadecimal digits may look like a word, the base may be one."""
    word = token[2:].removeprefix("base ") if token[:2] in ("t:", "w:") else ""
    number = number_word(word) if word else None
    return str(number) if number else word or token


def _trimmed(tokens: Tokens) -> Tokens:
    """Without leading text, stray separators and braces around the whole."""
    start, end = 0, len(tokens)
    while start < end and tokens[start] in (",", ";", ".", ":", "&", "{"):
        if tokens[start] == "{" and (tokens[end - 1] != "}" or _closing(tokens[start:end]) != end - start - 1):
            break
        end -= tokens[start] == "{"
        start += 1
    while end > start and tokens[end - 1] in (",", ";", ".", ":", "!!", "\\"):
        end -= 1
    rest = start
    while rest < end and tokens[rest][:2] in ("t:", "w:"):
        rest += 1
    if start < rest < end and tokens[rest] not in RELATIONS and tokens[rest] not in ("^", "_", "+", "/", "*"):
        return _trimmed(tokens[rest:end])
    return tokens[start:end]


def _closing(tokens: Tokens) -> int:
    """Index of the token that closes the bracket which `tokens` starts with."""
    levels = depths(tokens)
    return (
        next((index for index in range(1, len(tokens)) if levels[index] == 0 and index), len(tokens)) if levels else -1
    )


def _flat(parts: list[Tokens]) -> tuple[Form, ...]:
    items: list[Form] = []
    for part in parts:
        form = read(part)
        items += form.items if isinstance(form, Group) and form.kind in ("list", "union") else [form]
    return tuple(items)


def _relation(sides: list[Tokens], ops: list[str]) -> Form:
    if ops[-1] == r"\in" and len(ops) == 1:
        return read(sides[-1])
    if not sides[0]:
        return read(sides[-1])
    if not all(sides):
        raise Unreadable("relation without a side")
    if set(ops) == {"="} and any(sign in sides[-1] for sign in (r"\pm", r"\mp")):
        return Group("list", tuple(Relation((*sides[:-1], signed), tuple(ops)) for signed in _signs(sides[-1])))
    return Relation(tuple(sides), tuple(ops))


def _signs(tokens: Tokens) -> list[Tokens]:
    """The two readings of an expression with plus-minus signs."""
    readings = []
    for plus, minus in (("+", "-"), ("-", "+")):
        signs = {r"\pm": plus, r"\mp": minus}
        readings.append(tuple(signs.get(token, token) for token in tokens))
    return readings


def _group(tokens: Tokens) -> Form | None:
    """The group that the tokens are as a whole, or None."""
    opening, closing = tokens[0], tokens[-1]
    if opening == r"\begin":
        return _matrix(tokens)
    if opening not in _PAIRS or closing not in _PAIRS.values() or len(tokens) < 2:
        if len(tokens) > 3 and opening in ("(", "[", r"\langle") and tokens[-2] == "^" and tokens[-1] in ("T", r"\top"):
            return _group(tokens[:-2])
        return Group("set", ()) if tokens == (r"\emptyset",) else None
    if _closing(tokens) != len(tokens) - 1:
        return None
    inner = tokens[1:-1]
    if opening == "{{" and closing == "}}":
        for bar in ("|", ":"):
            parts, _ = split(inner, frozenset([bar]))
            if len(parts) == 2 and any(op in parts[1] for op in RELATIONS):
                return read(parts[1])
        return Group("set", _flat(split(inner, _SEPARATORS)[0]) if inner else ())
    parts, _ = split(inner, _SEPARATORS)
    if len(parts) == 1:
        if _PAIRS[opening] != closing:
            raise Unreadable("brackets")
        return read(inner) if inner else Words("".join(tokens))
    if any(sign in inner for sign in (r"\pm", r"\mp")):
        return Group("list", tuple(read(signed) for signed in _signs(tokens)))
    kind = "vector" if opening == r"\langle" else opening + closing
    return Group(kind, tuple(read(part) for part in parts))


def _matrix(tokens: Tokens) -> Form:
    if len(tokens) < 9 or tokens[2] not in _MATRICES or tokens[-4] != r"\end":
        raise Unreadable("environment")
    start = 4
    if tokens[2] == "w:array" and tokens[4] == "{":
        start = tokens.index("}", 4) + 1
    body = tokens[start:-4]
    if r"\begin" in body:
        raise Unreadable("nested environment")
    rows = [row for row in split(body, frozenset(["\\\\"]))[0] if row]
    cells = [tuple(read(cell) for cell in split(row, frozenset(["&"]))[0]) for row in rows]
    if len({len(row) for row in cells}) != 1:
        raise Unreadable("ragged matrix")
    if len(cells[0]) == 1:
        return Group("vector", tuple(row[0] for row in cells))
    return (
        Group("vector", cells[0]) if len(cells) == 1 else Group("matrix", tuple(Group("vector", row) for row in cells))
    )


def _compound(tokens: Tokens) -> Scalar | None:
    """A sum of numbers with units of one dimension, as `18 hours and 48 minutes`, in the last of them."""
    parts: list[list[str]] = []
    for token in tokens:
        if token[:1].isdigit() and (not parts or parts[-1][-1][:2] in ("t:", "w:")):
            parts.append([token])
        elif parts and token != ",":
            parts[-1].append(token.removesuffix(" and"))
    split_parts = [split_unit(tuple(part)) for part in parts]
    units = [unit for _, unit in split_parts]
    if len(parts) < 2 or None in units or any(len(body) != 1 for body, _ in split_parts):
        return None
    dimensions = {unit.dimensions for unit in units if unit}
    if len(dimensions) > 1 or None in dimensions or any(token in RELATIONS for token in tokens):
        return None
    total = sum(Fraction(body[0]) * unit.factor for body, unit in split_parts if unit)
    last = units[-1]
    return Scalar(("num", total / last.factor), last) if last else None


def _scalar(tokens: Tokens) -> Form:
    body, unit = split_unit(tokens)
    percent = body[-1:] == (r"\%",)
    body = body[:-1] if percent else body
    if not body:
        raise Unreadable("a unit without a number")
    if body[-1] == r"\%":
        raise Unreadable("percent")
    unsigned = body[1:] if body[0] in ("-", "+") else body
    decimals = None
    if len(unsigned) == 1 and unsigned[0][:1] in tuple("0123456789."):
        decimals = len(unsigned[0].partition(".")[2]) if "e" not in unsigned[0].lower() else None
    return Scalar(parse(body), unit, percent, decimals)


def constant(form: Form) -> Fraction | None:
    """The value of a scalar that is a plain rational numeral."""
    if not isinstance(form, Scalar):
        return None
    tree, sign = form.tree, 1
    while tree[0] == "neg":
        tree, sign = tree[1], -sign
    return sign * Fraction(tree[1]) if tree[0] == "num" else None
