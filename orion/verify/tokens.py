r"""Splits the normal text of an answer into tokens, and token lists at their top level.

A token is a string: a number (`12.5`), a command (`\frac`), a letter (`x`), a word (`w:meters`), a text group
(`t:and so on`, from `\text{and so on}`) or one character. Words and texts that mean a command become that command.
"""

from __future__ import annotations

import re
from functools import lru_cache

from orion.verify.units import is_unit

MAX_TOKENS = 1500

_TOKEN = re.compile(
    r"(?P<text>\\text\s*\{)|(?P<command>\\[a-zA-Z]+|\\.)"
    r"|(?P<number>(?:\d+(?:\.\d+|\.(?!\d|\s*\.))?|\.\d+)(?:[eE][-+]?\d+(?![\d.]))?)"
    r"|(?P<word>[^\W\d_]{2,})|(?P<other>\S)"
)
FUNCTIONS = frozenset(
    "sin cos tan cot sec csc arcsin arccos arctan arccot arcsec arccsc sinh cosh tanh coth exp ln log lg sqrt abs "
    "floor ceil max min gcd lcm".split()
)
GREEK = frozenset(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi rho varrho sigma "
    "tau hbar upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Sigma Upsilon Phi Psi Omega ell".split()
)
_NAMED = {name: "\\" + name for name in FUNCTIONS | GREEK} | {
    **{"asin": r"\arcsin", "acos": r"\arccos", "atan": r"\arctan", "cosec": r"\csc", "cbrt": r"\cbrt", "pi": r"\pi"},
    **{"infinity": r"\infty", "inf": r"\infty", "oo": r"\infty", "union": r"\cup", "Pi": r"\pi"},
    **{"and": ",", "or": ",", "And": ",", "Or": ",", "percent": r"\%", "percentage": r"\%", "pct": r"\%"},
    **{"degrees": "°", "degree": "°", "deg": "°", "plus": "+", "minus": "-"},
}
_PREFIXES = frozenset(
    ["pi", "omega", "theta", "alpha", "beta", "lambda", "sigma", "tau", "rho", "gamma", "delta", "phi"]
)
_SYMBOLS = {
    **{
        r"\lt": "<",
        r"\gt": ">",
        r"\{": "{{",
        r"\}": "}}",
        r"\lbrace": "{{",
        r"\rbrace": "}}",
        r"\land": ",",
        "%": r"\%",
    },
    **{
        r"\lor": ",",
        r"\wedge": ",",
        r"\vee": ",",
        r"\ast": "*",
        r"\degree": "°",
        r"\And": "&",
        r"\mid": "|",
        r"\colon": ":",
    },
    **{r"\e": "e", r"\i": "i", r"\imath": "i", r"\&": ",", r"\#": "#", r"\simeq": r"\approx", r"\cong": r"\approx"},
    **{
        r"\inf": r"\infty",
        r"\infinity": r"\infty",
        r"\times": "*",
        r"\cdot": "*",
        r"\div": "/",
        r"\cdotp": "*",
        r"\bullet": "*",
        r"\dotsm": "*",
        r"\thickapprox": r"\approx",
    },
}
_MULTIPLIERS = {"hundred": "100", "thousand": "1000", "million": "1000000", "billion": "1000000000"}
_COUNTED = re.compile(r"\$?\d[\d.,]*( [A-Za-z]+){1,4}|(hundred|thousand|million|billion)s?( [A-Za-z]+){0,4}")
_SMALL_WORDS = frozenset("of an to by is at up on it as be he we no so do go us am pm in".split())
_LETTER_LIST = re.compile(r"\s*\(?[A-Z]\)?(?:\s*,\s*\(?[A-Z]\)?)+\s*")
_OPEN = frozenset(["(", "[", "{", "{{", r"\langle", r"\lfloor", r"\lceil", r"\begin"])
_CLOSE = frozenset([")", "]", "}", "}}", r"\rangle", r"\rfloor", r"\rceil", r"\end"])


@lru_cache(maxsize=8192)
def tokenize(text: str) -> tuple[str, ...]:
    """The tokens of normal text.

    Raises:
        OverflowError: there are more than `MAX_TOKENS`.
        ValueError: a group is not closed.
    """
    tokens: list[str] = []
    position = 0
    while match := _TOKEN.search(text, position):
        position = match.end()
        if len(tokens) > MAX_TOKENS:
            raise OverflowError("too long")
        kind, token = match.lastgroup, match[0]
        if kind == "text":
            start, depth = position, 1
            while depth and position < len(text):
                depth += (text[position] == "{") - (text[position] == "}")
                position += 1
            if depth:
                raise ValueError("unclosed text")
            tokens += _text_tokens(text[start : position - 1].strip())
        elif kind == "word":
            tokens += _word_tokens(token, spaced=match.start() > 0 and text[match.start() - 1] == " ")
        elif kind == "command":
            tokens += _command_tokens(token)
        elif kind == "number":
            tokens.append(token.rstrip(".") if token != "." else token)
        elif token == "*" and tokens and tokens[-1] == "*" and text[match.start() - 1] == "*":
            tokens[-1] = "^"
        elif token == "=" and tokens and tokens[-1] in ("<", ">", "!") and text[match.start() - 1] in "<>!":
            tokens[-1] = {"<": r"\le", ">": r"\ge", "!": r"\ne"}[tokens[-1]]
        else:
            tokens.append(_SYMBOLS.get(token, token))
    for index in range(1, len(tokens) - 1):
        if tokens[index] == "U" and tokens[index - 1] in _CLOSE and tokens[index + 1] in _OPEN:
            tokens[index] = r"\cup"
    return tuple(_degrees(tokens))


def _degrees(tokens: list[str]) -> list[str]:
    r"""`^\circ` and `^{\circ}` as one token."""
    out: list[str] = []
    index = 0
    while index < len(tokens):
        for form in (["^", "{", r"\circ", "}"], ["^", r"\circ"], [r"\circ"]):
            if tokens[index : index + len(form)] == form:
                out.append("°")
                index += len(form)
                break
        else:
            out.append(tokens[index])
            index += 1
    return out


def _command_tokens(command: str) -> list[str]:
    """A command; `\\piG`, as careless space stripping leaves it, is two."""
    for length in (len(command) - 1, len(command) - 2):
        if command not in _SYMBOLS and command[1:length] in _PREFIXES and command[1:] not in _NAMED:
            return [command[:length], *command[length:]]
    return [_SYMBOLS.get(command, command)]


def _word_tokens(word: str, spaced: bool) -> list[str]:
    """A command, a word, or (for a few letters that are no word, as in `2xy`) a product of letters."""
    if word.lower().removesuffix("s") in _MULTIPLIERS:
        return ["*", _MULTIPLIERS[word.lower().removesuffix("s")]]
    named = _NAMED.get(word) or _NAMED.get(word.lower() if word[1:].islower() else "")
    if named:
        return [named]
    if len(word) > 3 or is_unit(word) or (len(word) == 3 and spaced and re.search("[aeiou]", word)):
        return ["w:" + word]
    if spaced and word.lower() in _SMALL_WORDS:
        return ["w:" + word]
    return list(word)


def _text_tokens(content: str) -> list[str]:
    bare = content.strip(" ,.;")
    if bare.lower() in ("and", "or", "", "&"):
        return [","] if bare or "," in content else []
    if (
        (bare in FUNCTIONS and bare != "min")  # minutes
        or bare in ("e", "i", "d")
        or re.fullmatch(r"\W", bare)
        or re.fullmatch(r"[-\d.,()\s]+", bare)
        or _LETTER_LIST.fullmatch(bare)
        or _COUNTED.fullmatch(bare)
    ):
        return list(tokenize(bare))
    named = _NAMED.get(bare) or _NAMED.get(bare.lower()) if bare != "min" else None
    return [named] if named and bare.lower() not in GREEK else ["t:" + " ".join(content.split())]


def depths(tokens: tuple[str, ...]) -> list[int]:
    """Nesting depth of each token: brackets have the depth of what is outside them.

    Raises:
        ValueError: brackets do not balance.
    """
    level, out = 0, []
    for token in tokens:
        if token in _CLOSE:
            level -= 1
            if level < 0:
                raise ValueError("unbalanced brackets")
        out.append(level)
        if token in _OPEN:
            level += 1
    if level:
        raise ValueError("unbalanced brackets")
    return out


def split(tokens: tuple[str, ...], separators: frozenset[str]) -> tuple[list[tuple[str, ...]], list[str]]:
    """The parts of `tokens` between top-level separators, and the separators between them."""
    parts: list[tuple[str, ...]] = []
    between: list[str] = []
    start = 0
    for index, (token, depth) in enumerate(zip(tokens, depths(tokens), strict=True)):
        if depth == 0 and token in separators:
            parts.append(tokens[start:index])
            between.append(token)
            start = index + 1
    parts.append(tokens[start:])
    return parts, between
