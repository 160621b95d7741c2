"""Whether two read answers agree, part by part, under the written policies. Never runs long: see evaluation.py."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from orion.verify.evaluation import Undefined, same, symbols, value
from orion.verify.expression import Tree
from orion.verify.forms import Based, Form, Group, Relation, Scalar, Words, constant, read
from orion.verify.policy import Grading
from orion.verify.relations import general, interval, is_assignment, name_of, united
from orion.verify.units import ratio
from orion.verify.words import number_word, plain_words

_HUNDRED = Fraction(100)
_MAX_UNORDERED = 100


def agree(gold: Form, answer: Form, policy: Grading) -> bool | None:
    """True, False, or None where only a symbolic comparison can tell.

    Raises:
        TooBig: a number is too large to be compared.
        Unreadable: a part cannot be read.
    """
    if isinstance(gold, Relation) or isinstance(answer, Relation):
        return _relations(gold, answer, policy)
    if isinstance(gold, Words) or isinstance(answer, Words):
        return _words(gold, answer)
    if isinstance(gold, Group) or isinstance(answer, Group):
        return _groups(gold, answer, policy)
    if isinstance(gold, Based) or isinstance(answer, Based):
        return _based(gold, answer)
    return _scalars(gold, answer, policy)


def _words(gold: Form, answer: Form) -> bool:
    if isinstance(gold, Words) and isinstance(answer, Words):
        first, second = plain_words(gold.text), plain_words(answer.text)
        number = number_word(first)
        return first == second or (number is not None and number == number_word(second))
    words, other = (gold, answer) if isinstance(gold, Words) else (answer, gold)
    assert isinstance(words, Words)
    number = number_word(words.text)
    return number is not None and constant(other) == number


def _based(gold: Form, answer: Form) -> bool:
    """The base may be left out, but the digits must be those of the gold's base: 52_8 is asked for as 52, not as 42."""
    if isinstance(gold, Based) and isinstance(answer, Based):
        return gold == answer
    based, other = (gold, answer) if isinstance(gold, Based) else (answer, gold)
    assert isinstance(based, Based)
    number = constant(other)
    return number is not None and number.denominator == 1 and str(number.numerator) == based.digits


def _scalars(gold: Scalar | Based, answer: Scalar | Based, policy: Grading) -> bool | None:
    assert isinstance(gold, Scalar) and isinstance(answer, Scalar)
    factor = ratio(gold.unit, answer.unit)
    if factor is None:
        return _angles(gold, answer)
    if (
        policy.units == "required"
        and gold.unit is not None
        and gold.unit.dimensions is not None
        and answer.unit is None
    ):
        return False
    answer_tree: Tree = answer.tree if factor == 1 else ("mul", answer.tree, ("num", factor))
    if gold.percent != answer.percent:
        bare, percent = (answer_tree, gold.tree) if gold.percent else (gold.tree, answer_tree)
        if _values(bare, ("div", percent, ("num", _HUNDRED)), policy, None, None):
            return True
        return policy.percent == "lenient" and _exceeds_one(bare) and _values(bare, percent, policy, None, None)
    decimals = answer.decimals if factor == 1 else None
    verdict = _values(gold.tree, answer_tree, policy, gold.decimals, decimals)
    return _angles(gold, answer) if verdict is False and (gold.unit is None) != (answer.unit is None) else verdict


def _angles(gold: Scalar, answer: Scalar) -> bool | None:
    """Degrees against a multiple of pi, the one unit conversion in which answers often leave the unit out."""
    turn = (("angle", 1),)
    for degrees, other in ((gold, answer), (answer, gold)):
        if degrees.unit is not None and degrees.unit.dimensions == turn and _mentions_pi(other.tree):
            return same(("div", ("mul", degrees.tree, ("const", "pi")), ("num", Fraction(180))), other.tree)
    return False


def _mentions_pi(tree: Tree) -> bool:
    return tree == ("const", "pi") or any(_mentions_pi(part) for part in tree[1:] if isinstance(part, tuple))


def _exceeds_one(tree: Tree) -> bool:
    if symbols(tree):
        return False
    try:
        return bool(abs(value(tree)) > 1)
    except Undefined:
        return False


def _values(
    gold: Tree, answer: Tree, policy: Grading, gold_decimals: int | None, answer_decimals: int | None
) -> bool | None:
    if gold == answer:
        return True
    if _infinite(gold) or _infinite(answer):
        return False
    try:
        verdict = same(gold, answer)
    except Undefined:
        return None
    if verdict is False and policy.decimal_digits is not None and (gold_decimals is None) != (answer_decimals is None):
        shown, exact = (answer, gold) if gold_decimals is None else (gold, answer)
        places = answer_decimals if gold_decimals is None else gold_decimals
        return places is not None and _rounds(shown, exact, places, policy.decimal_digits)
    return verdict


def _infinite(tree: Tree) -> bool:
    return tree == ("const", "inf") or tree == ("neg", ("const", "inf"))


def _rounds(shown: Tree, exact: Tree, places: int, digits: int) -> bool:
    """Whether the numeral `shown` is `exact` rounded or cut to its `places`, and has at least `digits` digits."""
    if symbols(exact):
        return False
    numeral, number = value(shown), value(exact)
    if isinstance(number, Fraction) and _terminates(number):
        return False  # an exact decimal was to be had
    if not isinstance(number, Fraction):
        if number.imag:
            return False
        sign, mantissa, exponent, _ = number.real._mpf_
        number = Fraction(-mantissa if sign else mantissa) * Fraction(2) ** exponent
    if len(str(abs(numeral.numerator * 10**places // numeral.denominator))) < digits:
        return False
    error = number - numeral
    step = Fraction(1, 10**places)
    return bool(abs(error) <= step / 2 or (abs(error) < step and (error > 0) == (number > 0)))


def _terminates(number: Fraction) -> bool:
    rest = number.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1


def _groups(gold: Form, answer: Form, policy: Grading) -> bool | None:
    gold, answer = _single(gold), _single(answer)
    if isinstance(gold, Group) and isinstance(answer, Group):
        if "union" in (gold.kind, answer.kind):
            gold, answer = united(gold) or gold, united(answer) or answer
        kinds = {gold.kind, answer.kind}
        if kinds <= {"list", "set", "union"}:
            ordered = kinds == {"list"} and policy.lists == "ordered"
            return (_ordered if ordered else _unordered)(gold.items, answer.items, policy)
        if kinds & {"set", "union"} or kinds == {"matrix", "list"}:
            return False
        if len(kinds) > 1 and (kinds & {"(]", "[)"} or (kinds == {"()", "[]"} and len(gold.items) == 2)):
            return False
        verdict = _ordered(gold.items, answer.items, policy)
        if verdict is not False or answer.kind != "list":
            return verdict
    if isinstance(answer, Group) and answer.kind == "list":  # one value in several forms, as `1.5, 3/2`
        verdicts = [agree(gold, item, policy) for item in answer.items]
        return False if False in verdicts else None if None in verdicts else True
    if isinstance(gold, Group) or isinstance(answer, Group):
        return False
    return agree(gold, answer, policy)


def _single(form: Form) -> Form:
    """The member of a list, set or vector of one."""
    single = isinstance(form, Group) and form.kind in ("list", "set", "vector") and len(form.items) == 1
    return form.items[0] if single and isinstance(form, Group) else form


def _ordered(golds: Sequence[Form], answers: Sequence[Form], policy: Grading) -> bool | None:
    if len(golds) != len(answers):
        return False
    verdicts = []
    for gold, answer in zip(golds, answers, strict=True):
        verdicts.append(agree(gold, answer, policy))
        if verdicts[-1] is False:
            return False
    return None if None in verdicts else True


def _unordered(golds: Sequence[Form], answers: Sequence[Form], policy: Grading) -> bool | None:
    if len(golds) != len(answers) or len(golds) > _MAX_UNORDERED:
        return False
    left = list(answers)
    unknown = False
    for gold in golds:
        for index, answer in enumerate(left):
            verdict = agree(gold, answer, policy)
            unknown = unknown or verdict is None
            if verdict:
                del left[index]
                break
        else:
            return None if unknown else False
    return True


def _relations(gold: Form, answer: Form, policy: Grading) -> bool | None:
    if isinstance(gold, Relation) and isinstance(answer, Relation):
        spans = interval(gold), interval(answer)
        if spans[0] is not None and spans[1] is not None:
            return agree(spans[0], spans[1], policy) if name_of(gold) == name_of(answer) else general(gold, answer)
        if is_assignment(gold) and is_assignment(answer):
            names = name_of(gold), name_of(answer)
            if names[0] != names[1] and all(len(name) == 1 for name in names):
                return False  # x = 5 says nothing of y
            verdict = agree(read(gold.sides[-1]), read(answer.sides[-1]), policy)
            return verdict
        if not _letters(gold) and not _letters(answer):  # `0.56 = 56\\%` says what its last side says
            return agree(read(gold.sides[-1]), read(answer.sides[-1]), policy)
        return general(gold, answer)
    relation, other = (gold, answer) if isinstance(gold, Relation) else (answer, gold)
    assert isinstance(relation, Relation)
    if relation is gold and policy.equations == "required":
        return False
    bare: Form | None
    if set(relation.ops) == {"="}:
        bare = read(relation.sides[-1]) if is_assignment(relation) else None
        if bare is None and len(relation.sides) == 2 and _is_letter(relation.sides[1]):
            bare = read(relation.sides[0])
        if bare is None and not _letters(relation):
            bare = read(relation.sides[-1])
        if bare is None and relation is answer and isinstance(other, Scalar) and not symbols(other.tree):
            bare = read(relation.sides[-1])  # `x + y = 7`, `3 + 4 = 7` for 7
    else:
        bare = interval(relation)
    if bare is None:
        return False
    return agree(bare, other, policy) if relation is gold else agree(other, bare, policy)


def _letters(relation: Relation) -> bool:
    return any(token.isalpha() or token[:2] in ("t:", "w:") for side in relation.sides for token in side)


def _is_letter(side: tuple[str, ...]) -> bool:
    return len(side) == 1 and bool(re.fullmatch(r"[a-zA-Z]", side[0]))
