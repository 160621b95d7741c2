"""Grades outputs against golds: extraction, cascade, and symbolic comparisons in workers for what is left over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from orion.errors import UserError
from orion.types import Verdict
from orion.verify.cascade import Decision, canonical_kind, decide
from orion.verify.extraction import extract
from orion.verify.normal import normal
from orion.verify.policy import Grading
from orion.verify.pool import POOL


class Key(NamedTuple):
    """What decides a comparison."""

    gold: str
    answer: str
    kind: str


def verify(output: str, gold: str, kind: str = "math", grading: Grading | None = None, **policy: Any) -> Verdict:
    """Grade one output. `policy` are keys of `Grading`, in place of its defaults or of those of `grading`."""
    return verify_batch([(output, gold)], kind, grading, **policy)[0]


def verify_batch(
    pairs: Sequence[tuple[str, str]],
    kind: str | Sequence[str] = "math",
    grading: Grading | None = None,
    **policy: Any,
) -> list[Verdict]:
    """Grade (output, gold) pairs, in order. `kind` is one for all or one a pair; equal pairs are compared once."""
    grading = settings(grading, policy)
    kinds = [canonical_kind(one) for one in ([kind] * len(pairs) if isinstance(kind, str) else kind)]
    if len(kinds) != len(pairs):
        raise UserError(f"{len(pairs)} pairs but {len(kinds)} kinds: give one kind, or one for each pair")
    found = [extract(output, row_kind, grading.last_number) for (output, _), row_kind in zip(pairs, kinds, strict=True)]
    keys = [
        None if one.answer is None else Key(gold, one.answer, row_kind)
        for one, (_, gold), row_kind in zip(found, pairs, kinds, strict=True)
    ]
    decided = compare([key for key in keys if key is not None], grading)
    verdicts = []
    for one, key in zip(found, keys, strict=True):
        if key is None:
            verdicts.append(Verdict("wrong", None, one.step, "no final answer"))
            continue
        decision = decided[key]
        verdict = Verdict("unverified", one.answer, f"{one.step}:{decision.how}", decision.reason)
        if decision.equal is not None:
            verdict = verdict._replace(verdict="correct" if decision.equal else "wrong")
        verdicts.append(verdict)
    return verdicts


def agreements(
    pairs: Sequence[tuple[str, str]], kind: str = "math", grading: Grading | None = None, **policy: Any
) -> list[bool | None]:
    """Whether the extracted answers (gold, answer) agree, for each pair; None where that cannot be decided."""
    grading = settings(grading, policy)
    keys = [Key(gold, answer, kind) for gold, answer in pairs]
    decided = compare(keys, grading)
    return [decided[key].equal for key in keys]


def settings(grading: Grading | None, policy: dict[str, Any]) -> Grading:
    """`grading` with the keys in `policy` put in place of its own.

    Raises:
        UserError: a key is unknown or has a value out of its range.
    """
    if grading is not None and not policy:
        return grading
    try:
        return Grading(**((grading.model_dump() if grading else {}) | policy))
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"grading: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def compare(keys: Sequence[Key], grading: Grading) -> dict[Key, Decision]:
    """Decide each distinct key: in this process where that is cheap, the rest together in the workers."""
    decided = {key: decide(key.gold, key.answer, key.kind, grading) for key in dict.fromkeys(keys)}
    hard = [key for key, decision in decided.items() if decision.equal is None and decision.reason is None]
    if hard:
        outcomes = POOL.compare(
            [(normal(key.gold), normal(key.answer)) for key in hard],
            timeout=grading.timeout,
            memory_mb=grading.memory_mb,
            workers=grading.workers,
        )
        for key, outcome in zip(hard, outcomes, strict=True):
            decided[key] = Decision(outcome.equal, "symbolic", outcome.reason)
    return decided
