r"""Reads a token list as an expression: LaTeX or plain, as people write numbers and formulas in answers.

The tree is made of tuples: ("num", Fraction), ("sym", name), ("const", "pi" | "e" | "i" | "inf"), ("add", ...),
("mul", ...), ("neg", x), ("div", x, y), ("pow", x, y), ("fn", name, args...). Sums, integrals, limits and unknown
commands are not read here: those answers go to the symbolic workers.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

from orion.verify.tokens import FUNCTIONS, GREEK

Tree = tuple[Any, ...]
_MAX_DEPTH = 60
_DECORATIONS = frozenset(
    [
        r"\vec",
        r"\hat",
        r"\bar",
        r"\overline",
        r"\overrightarrow",
        r"\tilde",
        r"\dot",
        r"\mathbb",
        r"\mathcal",
        r"\widehat",
    ]
)
_NAMES = frozenset("\\" + name for name in GREEK)
_FUNCTIONS = frozenset("\\" + name for name in FUNCTIONS - {"sqrt"})
_INVERSES = {"sin": "arcsin", "cos": "arccos", "tan": "arctan", "sec": "arcsec", "csc": "arccsc", "cot": "arccot"}
_ENDS = frozenset([")", "]", "}", "}}", r"\rfloor", r"\rceil", "+", "-", "*", "/", ",", ";", "=", r"\pm"])


class TooBig(ArithmeticError):
    """The value, or the expression, is too large to be dealt with in bounded effort."""


class Unreadable(ValueError):
    """The tokens are no expression of this grammar."""


@lru_cache(maxsize=8192)
def parse(tokens: tuple[str, ...]) -> Tree:
    """The tree of an expression.

    Raises:
        Unreadable: it is none.
        TooBig: it is nested too deeply.
    """
    reader = _Reader(tokens)
    tree = reader.sum(0)
    if reader.here < len(tokens):
        raise Unreadable(tokens[reader.here])
    return tree


class _Reader:
    def __init__(self, tokens: tuple[str, ...]) -> None:
        self.tokens = tokens
        self.here = 0
        self.bars = 0

    def peek(self, ahead: int = 0) -> str:
        index = self.here + ahead
        return self.tokens[index] if index < len(self.tokens) else ""

    def take(self, *wanted: str) -> bool:
        if self.peek() in wanted:
            self.here += 1
            return True
        return False

    def need(self, token: str) -> None:
        if not self.take(token):
            raise Unreadable(f"{token} expected")

    def sum(self, depth: int) -> Tree:
        if depth > _MAX_DEPTH:
            raise TooBig("nested too deeply")
        terms = []
        negative = False
        while self.peek() in ("+", "-"):
            negative ^= self.peek() == "-"
            self.here += 1
        while True:
            term = self.product(depth)
            terms.append(("neg", term) if negative else term)
            if self.peek() not in ("+", "-"):
                return terms[0] if len(terms) == 1 else ("add", *terms)
            negative = self.peek() == "-"
            self.here += 1
            while self.peek() in ("+", "-"):  # `2 + -3`
                negative ^= self.peek() == "-"
                self.here += 1

    def product(self, depth: int) -> Tree:
        value = self.factor(depth)
        while True:
            if self.take("*"):
                value = ("mul", value, self.signed(depth))
            elif self.take("/"):
                value = ("div", value, self.signed(depth))
            elif self.starts_factor():
                value = ("mul", value, self.factor(depth))
            else:
                return value

    def signed(self, depth: int) -> Tree:
        if self.take("-"):
            return ("neg", self.factor(depth))
        self.take("+")
        return self.factor(depth)

    def starts_factor(self) -> bool:
        token = self.peek()
        if not token or token in _ENDS or token == "|":
            return bool(token == "|" and not self.bars)
        if token[0].isdigit() or token[0] == ".":
            before = self.tokens[self.here - 1] if self.here else ""
            if before[:1].isdigit():
                raise Unreadable("two numbers side by side")
            return True
        if token[:2] == "t:":
            return len(token) == 3
        return token in ("(", "[", "{") or token.isalpha() or (token[0] == "\\" and self.known(token))

    def known(self, token: str) -> bool:
        return (
            token in _NAMES
            or token in _FUNCTIONS
            or token in _DECORATIONS
            or token
            in (r"\frac", r"\sqrt", r"\pi", r"\binom", r"\infty", r"\lfloor", r"\lceil", r"\cbrt", r"\operatorname")
        )

    def factor(self, depth: int) -> Tree:
        value = self.atom(depth + 1)
        while True:
            if self.take("!"):
                if self.take("!"):
                    raise Unreadable("double factorial")
                value = ("fn", "factorial", value)
            elif self.take("^"):
                value = ("pow", value, self.script(depth))
            elif self.take("'"):
                value = ("sym", f"{value[1]}'") if value[0] == "sym" else self.fail("prime")
            elif self.take(r"\%"):
                value = ("div", value, ("num", Fraction(100)))
            elif self.take("°"):
                value = ("div", ("mul", value, ("const", "pi")), ("num", Fraction(180)))
            else:
                return value

    def fail(self, why: str) -> Tree:
        raise Unreadable(why)

    def script(self, depth: int) -> Tree:
        """What follows `^`: a group, or one token (`x^2`, `2^\\pi`, `2^-1`, `x^(1/2)`)."""
        if self.take("-"):
            return ("neg", self.script(depth))
        value = self.atom(depth + 1)
        if self.take("^"):
            value = ("pow", value, self.script(depth))
        if self.take("!"):
            value = ("fn", "factorial", value)
        return value

    def group(self, depth: int) -> Tree:
        """The argument of a command: `{...}`, or one digit or token as in `\\frac12`."""
        if self.take("{"):
            value = self.sum(depth + 1)
            self.need("}")
            return value
        token = self.peek()
        if token.isdigit() and len(token) > 1:  # \frac12 is one half, \frac{1}23 is one half times 3
            self.tokens = (*self.tokens[: self.here], token[0], token[1:], *self.tokens[self.here + 1 :])
        return self.atom(depth + 1)

    def atom(self, depth: int) -> Tree:
        if depth > _MAX_DEPTH:
            raise TooBig("nested too deeply")
        token = self.peek()
        self.here += 1
        if not token:
            raise Unreadable("something is missing")
        if token[0].isdigit() or token[0] == ".":
            return self.number(token, depth)
        for opening, closing in (("(", ")"), ("[", "]"), ("{", "}")):
            if token == opening:
                bars, self.bars = self.bars, 0
                value = self.sum(depth + 1)
                self.need(closing)
                self.bars = bars
                return value
        if token == "|":
            self.bars += 1
            value = self.sum(depth + 1)
            self.need("|")
            self.bars -= 1
            return ("fn", "abs", value)
        if token.isalpha() and len(token) == 1:
            lone = self.peek() not in ("_", "'")
            return ("const", token) if token in ("e", "i") and lone else self.symbol(token)
        if token in _NAMES:
            return self.symbol(token)
        if token[:2] == "t:" and len(token) == 3:  # \text{A} as a name
            return self.symbol(token[2:])
        return self.command(token, depth)

    def symbol(self, name: str) -> Tree:
        if self.take("_"):
            if self.take("{"):
                start, level = self.here, 1
                while level and self.here < len(self.tokens):
                    level += (self.peek() == "{") - (self.peek() == "}")
                    self.here += 1
                name += "_" + "".join(self.tokens[start : self.here - 1])
            else:
                name += "_" + self.peek()
                self.here += 1
        return ("sym", name)

    def number(self, token: str, depth: int) -> Tree:
        if len(token.lower().partition("e")[2]) > 5:
            raise TooBig("exponent")
        value = Fraction(token)
        if self.peek() == r"\overline" and self.peek(1) == "{" and self.peek(2).isdigit() and self.peek(3) == "}":
            digits = self.peek(2)
            decimals = len(token.split(".")[1]) if "." in token else 0
            self.here += 4
            return ("num", value + Fraction(int(digits), 10**decimals * (10 ** len(digits) - 1)))
        if token.isdigit():
            mixed = self.mixed()
            if mixed is not None:
                return ("num", value + mixed)
        return ("num", value)

    def mixed(self) -> Fraction | None:
        """The fraction of a mixed number, as `\\frac{1}{2}` in `3\\frac{1}{2}` or `1/2` in `3 1/2`."""
        first = [self.peek(ahead) for ahead in range(7)]
        if first[0] == r"\frac":
            if first[1] == "{" and first[3] == "}" and first[4] == "{" and first[6] == "}":
                above, below, length = first[2], first[5], 7
            elif first[1].isdigit() and len(first[1]) == 2:
                above, below, length = first[1][0], first[1][1], 2
            else:
                return None
        elif first[1] == "/" and first[2].isdigit() and first[0].isdigit():
            above, below, length = first[0], first[2], 3
        else:
            return None
        if not (above.isdigit() and below.isdigit()) or not 0 < int(above) < int(below):
            return None
        self.here += length
        return Fraction(int(above), int(below))

    def command(self, token: str, depth: int) -> Tree:
        if token == r"\frac":
            above = self.group(depth)
            return ("div", above, self.group(depth))
        if token == r"\binom":
            above = self.group(depth)
            return ("fn", "binomial", above, self.group(depth))
        if token in (r"\sqrt", r"\cbrt"):
            index: Tree = ("num", Fraction(2 if token == r"\sqrt" else 3))
            if self.peek() == "[":
                self.here += 1
                index = self.sum(depth + 1)
                self.need("]")
            return ("fn", "root", self.group(depth), index)
        if token == r"\pi":
            return ("const", "pi")
        if token == r"\infty":
            return ("const", "inf")
        if token in (r"\lfloor", r"\lceil"):
            value = self.sum(depth + 1)
            self.need(r"\rfloor" if token == r"\lfloor" else r"\rceil")
            return ("fn", token[2:], value)
        if token in _DECORATIONS:
            start = self.here
            if self.take("{"):
                while self.peek() and not self.take("}"):
                    self.here += 1
            else:
                self.here += 1
            return self.symbol(token + "".join(self.tokens[start : self.here]))
        if token in _FUNCTIONS:
            return self.function(token[1:], depth)
        raise Unreadable(token)

    def function(self, name: str, depth: int) -> Tree:
        base: Tree | None = None
        power: Tree | None = None
        for _ in range(2):
            if self.take("_"):
                base = self.group(depth)
            elif self.take("^"):
                power = self.script(depth)
        if power == ("neg", ("num", Fraction(1))) and name in _INVERSES:
            name, power = _INVERSES[name], None
        arguments = self.arguments(depth)
        if name in ("log", "lg") and base is not None:
            value: Tree = ("fn", "log", arguments[0], base)
        elif base is not None:
            raise Unreadable("subscript")
        else:
            value = ("fn", name, *arguments)
        return value if power is None else ("pow", value, power)

    def arguments(self, depth: int) -> list[Tree]:
        opening = self.peek()
        if opening in ("(", "[", "{"):
            self.here += 1
            values = [self.sum(depth + 1)]
            while self.take(","):
                values.append(self.sum(depth + 1))
            self.need({"(": ")", "[": "]", "{": "}"}[opening])
            return values
        value = self.factor(depth)  # `\sin 2x`: a product up to the next function
        while self.starts_factor() and self.peek() not in _FUNCTIONS and self.peek() not in ("(", "["):
            value = ("mul", value, self.factor(depth))
        return [value]
