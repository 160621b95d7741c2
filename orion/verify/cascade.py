"""Decides whether an extracted answer agrees with the gold, cheapest comparison first."""

from __future__ import annotations

from typing import NamedTuple

from orion.verify.normal import normal, rational, tight
from orion.verify.policy import Grading


class Decision(NamedTuple):
    """`equal` is None where only a symbolic comparison can decide."""

    equal: bool | None
    how: str
    reason: str | None = None


def decide(gold: str, answer: str, kind: str, policy: Grading) -> Decision:
    g, a = normal(gold), normal(answer)
    if tight(g) == tight(a):
        return Decision(True, "text")
    rg, ra = rational(g), rational(a)
    if rg is not None and ra is not None:
        return Decision(rg == ra, "rational")
    if g.isalpha() and a.isalpha():
        return Decision(g.lower() == a.lower(), "text")
    return Decision(None, "symbolic")
