"""Symbolic comparison of two answers by math-verify and sympy. Runs in worker processes only (see worker.py).

What math-verify accepts is checked once more where both sides are numbers: it compares such expressions to a fixed
number of decimal places, in which 1/2004! and 1/2006! are both zero.
"""

from __future__ import annotations

import logging
from typing import Any

from latex2sympy2_extended.latex2sympy2 import NormalizationConfig
from math_verify import ExprExtractionConfig, LatexExtractionConfig, parse, verify
from sympy import Basic, Expr, Float, nan, zoo

logging.disable(logging.CRITICAL)

_LATEX = LatexExtractionConfig(
    normalization_config=NormalizationConfig(
        basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="none", equations=False
    )
)
_RELATIVE = 1e-30
_DIGITS = 50


def _parsed(text: str) -> list[Any]:
    config = (_LATEX, ExprExtractionConfig())
    read: list[Any] = parse(f"${text}$", extraction_config=config, parsing_timeout=None, fallback_mode="no_fallback")
    return read


def _agree(gold: Any, answer: Any) -> bool:
    """False only where both are numbers that differ in their first thirty digits."""
    if not (isinstance(gold, Expr) and isinstance(answer, Expr)) or gold.free_symbols or answer.free_symbols:
        return True
    if gold.has(Float) or answer.has(Float):
        digits, tolerance = 15, 1e-6
    else:
        digits, tolerance = _DIGITS, _RELATIVE
    difference = abs((gold - answer).doit().evalf(digits, maxn=1000))
    scale = abs(gold.doit().evalf(digits, maxn=1000))
    return bool(difference <= tolerance * scale)


def equal(gold: str, answer: str) -> bool:
    """Whether the two LaTeX expressions are equal. An answer that cannot be read is not.

    Raises:
        ValueError: the gold cannot be read.
    """
    golds, answers = _parsed(gold), _parsed(answer)
    if not golds:
        raise ValueError("the gold cannot be read as mathematics")
    if not answers:
        return False
    g, a = golds[0], answers[0]
    if isinstance(g, Basic) and g.has(nan, zoo):
        raise ValueError("the gold has no value")
    if not verify(g, a, numeric_precision=_DIGITS, timeout_seconds=None):
        return False
    return not (isinstance(g, Basic) and isinstance(a, Basic)) or _agree(g, a)


def plain(gold: str, output: str) -> bool:
    """What math-verify by itself says of an output, as its documentation shows its use. For comparison only."""
    return bool(verify(parse(f"${gold}$"), parse(output)))
