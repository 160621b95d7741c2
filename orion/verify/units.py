"""Units at the end (or, for currencies, at the start) of an answer: taken off, and compared where both sides have one.

Only units of the table can disagree, or be converted (2 hours are 120 minutes). Other words after a number, as in
`12 students` or `6 pages per day`, say what was counted and are never compared.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

_F = Fraction
_TABLE: dict[str, tuple[str, Fraction]] = {}
for _names, _dimension, _factor in [
    ("m meter metre", "length", _F(1)),
    ("cm centimeter centimetre", "length", _F(1, 100)),
    ("mm millimeter millimetre", "length", _F(1, 1000)),
    ("km kilometer kilometre", "length", _F(1000)),
    ("in inch inche", "length", _F(254, 10000)),
    ("ft foot feet", "length", _F(3048, 10000)),
    ("yd yard", "length", _F(9144, 10000)),
    ("mi mile", "length", _F(1609344, 1000)),
    ("s sec second", "time", _F(1)),
    ("min minute", "time", _F(60)),
    ("h hr hour", "time", _F(3600)),
    ("day", "time", _F(86400)),
    ("week", "time", _F(604800)),
    ("month", "months", _F(1)),
    ("yr year", "months", _F(12)),
    ("g gram gm", "mass", _F(1)),
    ("kg kilogram", "mass", _F(1000)),
    ("mg milligram", "mass", _F(1, 1000)),
    ("lb lbs", "mass", _F(45359237, 100000)),
    ("oz ounce", "mass", _F(45359237, 1600000)),
    ("l liter litre", "volume", _F(1)),
    ("ml milliliter millilitre", "volume", _F(1, 1000)),
    ("gallon gal", "volume", _F(3785411784, 10**9)),
    ("dollar usd buck $", "money", _F(1)),
    ("cent ¢", "money", _F(1, 100)),
    ("euro eur €", "euro", _F(1)),
    ("£ gbp", "sterling", _F(1)),
    ("rupee rs ₹ inr", "rupee", _F(1)),
    ("am a.m", "before noon", _F(1)),
    ("pm p.m", "after noon", _F(1)),
    ("degree deg °", "angle", _F(1)),
    ("radian rad", "radian", _F(1)),
]:
    for _name in _names.split():
        _TABLE[_name] = (_dimension, _factor)
_SQUARE = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}
_RATES = {"mph": ("mile", "hour"), "kmh": ("km", "hour"), "kph": ("km", "hour")}
CURRENCY = frozenset([r"\$", "$", "€", "£", "¥", "₹", "¢"])
_TRIGONOMETRIC = frozenset("\\" + name for name in "sin cos tan cot sec csc".split())
_DROPPED = frozenset("units unit of a an the".split())


class Unit(NamedTuple):
    """`dimensions` is None for words that are no unit of the table; `factor` converts to the table's base units."""

    dimensions: tuple[tuple[str, int], ...] | None
    factor: Fraction = Fraction(1)


def _entry(word: str) -> tuple[str, Fraction] | None:
    word = word.strip(" .,()").lower() if len(word) > 1 else word
    return _TABLE.get(word) or (_TABLE.get(word.removesuffix("s")) if len(word) > 2 else None)


def is_unit(word: str) -> bool:
    """Whether a word of two letters or more is in the table, or says how a unit is meant."""
    cased = word.islower() or word.isupper() or word.istitle()
    return len(word) > 1 and cased and (word.lower() in _RATES or word.lower() in _SQUARE or _entry(word) is not None)


def unit(tokens: tuple[str, ...]) -> Unit | None:
    """The unit that these tokens (of a trailing run of words) name; None where they hold no word at all."""
    words: list[str] = []
    for token in tokens:
        words += (
            token[2:].replace("/", " / ").replace("^", " ^ ").split()
            if token[:2] in ("t:", "w:")
            else [token.lstrip("\\")]
        )
    powers: dict[str, int] = {}
    factor, sign, power, seen = Fraction(1), 1, 1, False
    index = 0
    while index < len(words):
        word = words[index].lower() if len(words[index]) > 1 else words[index]
        index += 1
        if word in ("{", "}", "(", ")", "*", ",", ".", "-") or word in _DROPPED:
            seen = seen or word in _DROPPED
            continue
        seen = True
        if word in ("/", "per"):
            sign = -1
            continue
        if word.strip(".") in _SQUARE:
            power = _SQUARE[word.strip(".")]
            continue
        if word in _RATES:
            words[index:index] = [_RATES[word][0], "/", _RATES[word][1]]
            continue
        entry = _entry(word)
        if entry is None:
            return Unit(None)
        if words[index : index + 1] == ["^"]:
            stop = (
                words.index("}", index) if words[index + 1 : index + 2] == ["{"] and "}" in words[index:] else index + 1
            )
            exponent = "".join(words[index + 1 : stop + 1]).strip("{}")
            if not exponent.removeprefix("-").isdigit() or len(exponent) > 2:
                return Unit(None)
            power, index = int(exponent), stop + 1
        powers[entry[0]] = powers.get(entry[0], 0) + sign * power
        factor *= entry[1] ** (sign * power)
        power = 1
    if not seen:
        return None
    return Unit(tuple(sorted(powers.items())), factor) if powers else Unit(None)


def split_unit(tokens: tuple[str, ...]) -> tuple[tuple[str, ...], Unit | None]:
    """The tokens without their unit, and the unit. Leading words, as in `about 5 cm`, are dropped too."""
    body = tokens
    currency = None
    for place in (0, 1):
        if len(body) > place + 1 and body[place] in CURRENCY and (place == 0 or body[0] in ("-", "+")):
            currency = unit(("t:" + body[place].lstrip("\\"),))
            body = body[:place] + body[place + 1 :]
    if len(body) > 1 and body[-1] in CURRENCY:
        currency, body = unit(("t:" + body[-1].lstrip("\\"),)), body[:-1]
    start = _run_start(body)
    found = unit(body[start:])
    if start == 0 or found is None:
        return body, currency
    if currency is not None and found.dimensions is None:
        found = currency
    return body[:start], found


def _run_start(body: tuple[str, ...]) -> int:
    """Where the trailing run of unit tokens starts; the length of `body` where there is none."""
    start = index = len(body)
    angles = _TRIGONOMETRIC.isdisjoint(body)  # in `\\sin 30°` the sign belongs to the argument
    while index > 0:
        token = body[index - 1]
        if token[:2] in ("t:", "w:") or (token == "°" and angles):
            index -= 1
            start = index
        elif token.isdigit() and len(token) == 1 and index >= 2 and body[index - 2] == "^":
            index -= 2
        elif token == "}" and index >= 4 and body[index - 4 : index - 2] == ("^", "{") and body[index - 2].isdigit():
            index -= 4
        elif (
            token == "}" and index >= 5 and body[index - 5 : index - 2] == ("^", "{", "-") and body[index - 2].isdigit()
        ):
            index -= 5
        elif token in ("/", "*", ".", ",", "(", ")") and index < len(body) and start == index:
            index -= 1
        elif len(token) == 1 and token in "mgshLl" and _after_number(body, index - 1):
            index -= 1
            start = index
        else:
            break
    if start < len(body) and start and body[start - 1] == "(":
        start -= 1
    return start


def _after_number(body: tuple[str, ...], index: int) -> bool:
    """`m/s` letters count as units only in a run that a slash or a word already started, never by themselves."""
    return index > 0 and index + 1 < len(body) and body[index + 1] == "/"


def ratio(gold: Unit | None, answer: Unit | None) -> Fraction | None:
    """What the answer's number must be multiplied with to be in the gold's unit; None where the units disagree."""
    if gold is None or answer is None or gold.dimensions is None or answer.dimensions is None:
        return Fraction(1)
    if gold.dimensions != answer.dimensions:
        return None
    return answer.factor / gold.factor
