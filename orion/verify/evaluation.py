"""Values of expressions, and whether two expressions are equal: exact rationals where possible, else many digits.

Two closed expressions are compared at two precisions: a difference that is no more than rounding noise shrinks with
the precision, a real one does not, however small. Expressions with variables are compared at several points. Nothing
here can run away: numbers beyond a size are refused, and expressions are short.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from orion.verify.expression import TooBig, Tree

_MAX_BITS = 100_000  # of exact numerators and denominators
_MAX_MAGNITUDE = 1 << 40  # of binary exponents of inexact numbers
_PRECISIONS = (60, 150)  # decimal digits


class Undefined(ArithmeticError):
    """The expression has no value, as 1/0."""


def symbols(tree: Tree) -> frozenset[str]:
    """Names of the variables."""
    if tree[0] == "sym":
        return frozenset([tree[1]])
    if tree[0] == "fn" and tree[1] == "log" and len(tree) == 3:
        return symbols(tree[2]) | {"log"}  # the base of a bare log is not known: 10, e or 2
    return frozenset().union(*(symbols(part) for part in tree[1:] if isinstance(part, tuple)))


def _imaginary(tree: Tree) -> bool:
    return tree == ("const", "i") or any(_imaginary(part) for part in tree[1:] if isinstance(part, tuple))


_CONTEXTS = threading.local()  # mpmath contexts change their precision while they compute


def _context(digits: int) -> Any:
    contexts: dict[str, Any] = _CONTEXTS.__dict__
    if str(digits) not in contexts:
        import mpmath

        contexts[str(digits)] = context = mpmath.MPContext()
        context.dps = digits
    return contexts[str(digits)]


class _Evaluator:
    """Evaluates at one point and one precision. `lossy` is set when an exact number became an inexact one because
    of its size, so that equality can no longer be told."""

    def __init__(self, digits: int, point: Mapping[str, Fraction]) -> None:
        self.mp = _context(digits)
        self.point = point
        self.lossy = False

    def __call__(self, tree: Tree) -> Any:
        try:
            return self.value(tree)
        except (ZeroDivisionError, ValueError, TypeError) as error:
            raise Undefined(str(error)) from None
        except (OverflowError, MemoryError, NotImplementedError, self.mp.NoConvergence) as error:
            raise TooBig(str(error)) from None

    def inexact(self, value: Any) -> Any:
        if isinstance(value, Fraction):
            return self.mp.mpf(value.numerator) / value.denominator
        return value

    def bounded(self, value: Any) -> Any:
        if isinstance(value, Fraction):
            if max(value.numerator.bit_length(), value.denominator.bit_length()) <= _MAX_BITS:
                return value
            self.lossy = True
            value = self.inexact(value)
        if self.mp.isnan(value) or self.mp.isinf(value):
            raise Undefined("no finite value")
        if value and abs(self.mp.mag(value)) > _MAX_MAGNITUDE:
            raise TooBig("too large")
        return value

    def value(self, tree: Tree) -> Any:
        kind = tree[0]
        if kind == "num":
            return tree[1]
        if kind == "sym":
            return self.point[tree[1]]
        if kind == "const":
            if tree[1] == "inf":
                raise Undefined("infinite")
            return {"pi": +self.mp.pi, "e": +self.mp.e, "i": self.mp.mpc(0, 1)}[tree[1]]
        parts = [self.value(part) for part in tree[1:] if isinstance(part, tuple)]
        if kind == "neg":
            return -parts[0]
        if kind == "pow":
            return self.bounded(self.power(*parts))
        if kind == "fn":
            return self.bounded(self.function(tree[1], parts))
        if not all(isinstance(part, Fraction) for part in parts):
            parts = [self.inexact(part) for part in parts]
        if kind == "add":
            return self.bounded(sum(parts[1:], parts[0]))
        return self.bounded(parts[0] * parts[1] if kind == "mul" else parts[0] / parts[1])

    def power(self, base: Any, exponent: Any) -> Any:
        if isinstance(base, Fraction) and isinstance(exponent, Fraction):
            if base == 0 and exponent <= 0:
                if exponent == 0:
                    return Fraction(1)
                raise Undefined("0 to a negative power")
            if exponent.denominator == 1:
                bits = max(base.numerator.bit_length(), base.denominator.bit_length())
                if abs(base) in (0, 1):
                    return base ** int(exponent % 2 or 2)
                if bits * abs(exponent) <= 2 * _MAX_BITS:
                    return base ** int(exponent)
                self.lossy = True
            elif base > 0 and exponent.denominator <= 64:
                root = self.root(base, exponent.denominator)
                if isinstance(root, Fraction):
                    return self.power(root, Fraction(exponent.numerator))
            elif base < 0 and exponent.denominator % 2:  # the real root, as answers mean it: (-8)^{1/3} = -2
                sign = -1 if exponent.numerator % 2 else 1
                return sign * self.power(-base, exponent)
        base, exponent = self.inexact(base), self.inexact(exponent)
        if not base:
            return self.mp.mpf(0) if self.mp.re(exponent) > 0 else self.mp.inf
        if abs(self.mp.mag(exponent)) > 64 or abs(exponent) * (abs(self.mp.mag(base)) + 2) > _MAX_MAGNITUDE:
            raise TooBig("too large")
        return self.mp.power(base, exponent)

    def root(self, value: Any, index: Any) -> Any:
        if isinstance(index, Fraction) and index.denominator == 1:
            index = int(index)
        if not isinstance(index, int) or not 0 < index <= 10_000:
            return self.power(value, 1 / index)
        if isinstance(value, Fraction):
            if value < 0 and index % 2:
                return -self.root(-value, index)
            if value >= 0 and index <= 64:
                parts = [_integer_root(part, index) for part in (value.numerator, value.denominator)]
                if parts[0] is not None and parts[1] is not None:
                    return Fraction(parts[0], parts[1])
        value = self.inexact(value)
        if self.mp.im(value) == 0 and self.mp.re(value) < 0 and index % 2:
            return -self.mp.root(-value, index)
        return self.mp.root(value, index)

    def function(self, name: str, parts: list[Any]) -> Any:
        if name == "root":
            return self.root(*parts)
        if name == "abs":
            return abs(parts[0])
        if name in ("max", "min", "gcd", "lcm"):
            return self.selection(name, parts)
        if name in ("floor", "ceil"):
            rounded = math.floor if name == "floor" else math.ceil
            return Fraction(rounded(parts[0])) if isinstance(parts[0], Fraction) else self.mp.mpf(rounded(parts[0]))
        if name in ("factorial", "binomial"):
            return self.counting(name, parts)
        values = [self.inexact(part) for part in parts]
        if any(abs(self.mp.mag(value)) > 30 for value in values if value) and name not in ("ln", "log", "lg"):
            raise TooBig("too large an argument")
        if name in ("log", "lg", "ln"):
            if not values[0]:
                raise Undefined("log 0")
            if len(values) == 2:
                return self.mp.ln(values[0]) / self.mp.ln(values[1])
            base = self.point["log"] if name == "log" else 10
            return self.mp.ln(values[0]) / (1 if name == "ln" else self.mp.ln(self.inexact(Fraction(base))))
        if len(values) != 1:
            raise Undefined("arguments")
        names = {
            "arcsin": "asin",
            "arccos": "acos",
            "arctan": "atan",
            "arcsec": "asec",
            "arccsc": "acsc",
            "arccot": "acot",
        }
        return getattr(self.mp, names.get(name, name))(values[0])

    def selection(self, name: str, parts: list[Any]) -> Any:
        if not all(isinstance(part, Fraction) for part in parts):
            values = [self.inexact(part) for part in parts]
            if name in ("gcd", "lcm") or any(self.mp.im(value) for value in values):
                raise Undefined(name)
            return (max if name == "max" else min)(values)
        if name in ("max", "min"):
            return (max if name == "max" else min)(parts)
        if any(part.denominator != 1 for part in parts):
            raise Undefined(name)
        return Fraction((math.gcd if name == "gcd" else math.lcm)(*(int(part) for part in parts)))

    def counting(self, name: str, parts: list[Any]) -> Any:
        if all(isinstance(part, Fraction) and part.denominator == 1 and part >= 0 for part in parts):
            if name == "factorial" and parts[0] <= 6000:
                return Fraction(math.factorial(int(parts[0])))
            if name == "binomial" and parts[0] <= 20_000:
                return Fraction(math.comb(int(parts[0]), int(parts[1])))
            if parts[0] > 10**5:
                raise TooBig("too large")
            self.lossy = True
        elif name == "factorial" and isinstance(parts[0], Fraction) and parts[0] < 0 and parts[0].denominator == 1:
            raise Undefined("factorial of a negative number")
        values = [self.inexact(part) for part in parts]
        if any(abs(self.mp.mag(value)) > 31 for value in values if value):
            raise TooBig("too large")
        return self.mp.factorial(values[0]) if name == "factorial" else self.mp.binomial(*values)


def _integer_root(value: int, index: int) -> int | None:
    """The exact root of a non-negative integer, or None."""
    near_root = round(value ** (1 / index)) if value < 1 << 900 else 0
    root = math.isqrt(value) if index == 2 else near_root
    return next((near for near in (root - 1, root, root + 1) if near >= 0 and near**index == value), None)


def value(tree: Tree, digits: int = 60) -> Any:
    """The value of an expression without variables: a Fraction, or an mpmath number of `digits` digits.

    Raises:
        TooBig, Undefined: it has none, or none that can be had.
    """
    return _Evaluator(digits, {"log": Fraction(10)})(tree)


def _points(names: frozenset[str], imaginary: bool) -> list[dict[str, Fraction]]:
    """Points at which to compare: the same for the same names, with small coordinates that share no pattern."""
    points = []
    for index in range(4):
        point = {}
        for name in sorted(names):
            seed = int.from_bytes(hashlib.sha256(f"{index}:{name}".encode()).digest()[:4], "big")
            coordinate = Fraction(seed % 997 + 1009, 1009 if index < 2 else 653)  # in (1, 2) or (1.5, 3.1)
            if index == 1:
                coordinate = coordinate - 1  # in (0, 1)
            if index == 3 and (seed & 1 << 20 or len(names) == 1):
                coordinate = -coordinate
            point[name] = abs(coordinate) + 1 if name == "log" else coordinate
        points.append(point)
    return points


def same(first: Tree, second: Tree) -> bool | None:
    """Whether two expressions are equal; None where that cannot be told.

    Raises:
        TooBig: an expression is too large to be evaluated.
    """
    names = symbols(first) | symbols(second)
    if not names:
        return _same_at(first, second, {}, real_only=False)
    imaginary = _imaginary(first) or _imaginary(second)
    answers = []
    for point in _points(names, imaginary):
        try:
            answers.append(_same_at(first, second, point, real_only=not imaginary and min(point.values()) < 0))
        except Undefined:
            continue
        if answers[-1] is False:
            return False
    told = [answer for answer in answers if answer is not None]
    return True if len(told) >= 2 else None


def _same_at(first: Tree, second: Tree, point: Mapping[str, Fraction], real_only: bool) -> bool | None:
    differences = []
    for digits in _PRECISIONS:
        evaluator = _Evaluator(digits, point)
        a, b = evaluator(first), evaluator(second)
        if isinstance(a, Fraction) and isinstance(b, Fraction):
            return a == b
        mp = evaluator.mp
        a, b = evaluator.inexact(a), evaluator.inexact(b)
        if real_only and (_unreal(mp, a) or _unreal(mp, b)):
            return None
        difference, scale = abs(a - b), max(abs(a), abs(b))
        if difference > scale * mp.mpf(10) ** -25:
            if scale > mp.mpf(10) ** -30:  # else both may be noise around zero
                return False
        elif evaluator.lossy:
            return None
        differences.append(difference)
    small, smaller = differences
    noise = max(scale * mp.mpf(10) ** -130, small * mp.mpf(10) ** -50)
    return bool(smaller <= noise or (small == 0 and scale < mp.mpf(10) ** -100))


def _unreal(mp: Any, value: Any) -> bool:
    return bool(abs(mp.im(value)) > abs(mp.re(value)) * mp.mpf(10) ** -40)
