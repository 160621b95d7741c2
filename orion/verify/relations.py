r"""Equations and inequalities: what they assign to which name, as intervals, and compared in general.

`x = 5` assigns 5 to x; `x > 2` and `2 < x` are the interval (2, oo); `2x + 4y = 6` is `x + 2y = 3`, since the two
differ by a constant factor.
"""

from __future__ import annotations

import re
from fractions import Fraction

from orion.verify.evaluation import Undefined, same, symbols
from orion.verify.expression import TooBig, Tree, parse
from orion.verify.forms import Form, Group, Relation, Scalar, read

Tokens = tuple[str, ...]
_LESS = {"<": "<", r"\le": r"\le", ">": "<", r"\ge": r"\le"}
_INFINITY: Tree = ("const", "inf")


def _is_name(side: Tokens) -> bool:
    """Whether a side only names something: x, f(x), (x, y), AB, V_1 : V_2, \\angle ABC."""
    index = 0
    while index < len(side):
        token = side[index]
        if side[index : index + 5] == ("^", "{", "-", "1", "}"):  # an inverse function
            index += 5
            continue
        if token == "_":  # subscripts may hold numbers
            if side[index + 1 : index + 2] == ("{",):
                index = side.index("}", index) - 1 if "}" in side[index:] else len(side)
            index += 2
            continue
        if token[:1].isdigit() and not (index > 0 and side[index - 1] in ("(", ",")):
            return False
        if token in ("+", "-", "*", "^", "!", r"\sqrt", r"\sin", r"\cos", r"\tan", r"\ln", r"\log", r"\pi", "°"):
            return False
        index += 1
    return bool(side) and any(token[0].isalpha() or token[0] == "\\" or ":" in token for token in side)


def is_assignment(relation: Relation) -> bool:
    """Whether it says what a name is, as `x = 5` or `f(2) = 1 + 4 = 5`."""
    return set(relation.ops) == {"="} and _is_name(relation.sides[0])


def name_of(relation: Relation) -> str:
    """The name that it is about: the left side, or the side that holds a variable, without subscript and argument."""
    side = next((side for side in relation.sides if _is_name(side)), relation.sides[0])
    return re.sub(r"_(\{[^}]*\}|.)", "", "".join(side))


def interval(relation: Relation) -> Form | None:
    """The interval of an inequality about one name, as `x > 2`, `1 \\le x < 3`; None for anything else."""
    names = [_is_name(side) for side in relation.sides]
    if names == [True, False] and relation.ops == (r"\ne",):
        hole = read(relation.sides[1])
        return Group("union", (Group("()", (Scalar(("neg", _INFINITY)), hole)), Group("()", (hole, Scalar(_INFINITY)))))
    if sum(names) != 1 or not set(relation.ops) <= set(_LESS):
        return None
    sides, ops = list(relation.sides), list(relation.ops)
    if len({op in ("<", r"\le") for op in ops}) != 1:
        return None
    if ops[0] in (">", r"\ge"):
        sides, ops, names = sides[::-1], ops[::-1], names[::-1]
    ops = [_LESS[op] for op in ops]
    place = names.index(True)
    if len(sides) > 3 or (len(sides) == 3 and place != 1):
        return None
    low: Form = read(sides[place - 1]) if place > 0 else Scalar(("neg", _INFINITY))
    high: Form = read(sides[place + 1]) if place + 1 < len(sides) else Scalar(_INFINITY)
    opening = "[" if place > 0 and ops[place - 1] == r"\le" else "("
    closing = "]" if place + 1 < len(sides) and ops[place] == r"\le" else ")"
    return Group(opening + closing, (low, high))


def united(group: Group) -> Group | None:
    """A list or union of inequalities and intervals as a union of intervals; None where it is something else."""
    items: list[Form] = []
    for item in group.items:
        span = interval(item) if isinstance(item, Relation) else item
        if not isinstance(span, Group):
            return None
        items += span.items if span.kind == "union" else [span]
    return Group("union", tuple(items))


def _zero_form(relation: Relation) -> tuple[Tree, str] | None:
    if len(relation.sides) != 2:
        return None
    left, right = (parse(side) for side in relation.sides)
    op = relation.ops[0]
    if op in (">", r"\ge"):
        left, right = right, left
    return ("add", left, ("neg", right)), _LESS.get(op, op)


def general(gold: Relation, answer: Relation) -> bool | None:
    """Whether two relations differ by a constant factor (positive, for inequalities). None: perhaps otherwise equal."""
    first, second = _zero_form(gold), _zero_form(answer)
    if first is None or second is None:
        if gold.ops == answer.ops and len(gold.sides) == len(answer.sides):
            verdicts = [same(parse(a), parse(b)) for a, b in zip(gold.sides, answer.sides, strict=True)]
            return True if all(verdicts) else None
        return None
    if first[1] != second[1]:
        return False
    f, g = first[0], second[0]
    if symbols(f) != symbols(g):
        return False
    point = {name: Fraction(17 + 5 * index, 7 + 3 * index) for index, name in enumerate(sorted(symbols(f)))}
    f_there, g_there = _at(f, point), _at(g, point)
    try:
        if same(f_there, ("num", Fraction(0))) is not False or same(g_there, ("num", Fraction(0))) is not False:
            return None
        proportional = same(("mul", f, g_there), ("mul", g, f_there))
        if proportional is not True:
            return False if _polynomial(f) and _polynomial(g) else None
        opposite = same(("fn", "abs", ("div", f_there, g_there)), ("div", f_there, g_there)) is False
    except (Undefined, TooBig):
        return None
    return not opposite or first[1] in ("=", r"\ne", r"\equiv")


def _polynomial(tree: Tree) -> bool:
    """Whether variables stand in no denominator, exponent or function."""
    if tree[0] in ("div", "pow"):
        return not symbols(tree[2]) and _polynomial(tree[1])
    return (
        not symbols(tree) if tree[0] == "fn" else all(_polynomial(part) for part in tree[1:] if isinstance(part, tuple))
    )


def _at(tree: Tree, point: dict[str, Fraction]) -> Tree:
    """The tree with its variables replaced by numbers."""
    if tree[0] == "sym":
        return ("num", point[tree[1]])
    return (tree[0], *(_at(part, point) if isinstance(part, tuple) else part for part in tree[1:]))
