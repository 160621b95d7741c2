"""Grades outputs against golds: extraction, cascade, and symbolic comparisons in workers for what is left over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from orion.errors import UserError
from orion.types import Verdict
from orion.verify.boxes import last_boxed
from orion.verify.cascade import Decision, canonical_kind, decide
from orion.verify.extraction import Extracted, extract
from orion.verify.normal import normal
from orion.verify.policy import Grading
from orion.verify.pool import POOL


class Item(NamedTuple):
    """One thing to grade. `bare`: the text is an answer already, not an output to find one in."""

    text: str | None
    gold: str
    kind: str = "math"
    bare: bool = False


class Key(NamedTuple):
    """What decides a comparison."""

    gold: str
    answer: str
    kind: str


def verify(output: str, gold: str, kind: str = "math", grading: Grading | None = None, **policy: Any) -> Verdict:
    """Grade one output against the gold answer.

    `kind` says what the gold is: `math` (anything mathematical, also words and choice letters that a mathematical
    problem has for an answer), `number` (golds may be floats, see `Grading.float_tolerance`), `choice`, `text` (yes/no,
    words) or `brackets`. `policy` are keys of `Grading`, in place of its defaults or of those of `grading`.

    Raises:
        UserError: an unknown kind or policy.
    """
    return verify_batch([(output, gold)], kind, grading, **policy)[0]


def verify_batch(
    pairs: Sequence[tuple[str, str]],
    kind: str | Sequence[str] = "math",
    grading: Grading | None = None,
    **policy: Any,
) -> list[Verdict]:
    """Grade (output, gold) pairs, in order. `kind` is one for all or one a pair; equal pairs are compared once.

    Raises:
        UserError: an unknown kind or policy, or kinds that do not match the pairs in number.
    """
    kinds = [kind] * len(pairs) if isinstance(kind, str) else list(kind)
    if len(kinds) != len(pairs):
        raise UserError(f"{len(pairs)} pairs but {len(kinds)} kinds: give one kind, or one for each pair")
    items = [Item(output, gold, one) for (output, gold), one in zip(pairs, kinds, strict=True)]
    return grade(items, settings(grading, policy))


def grade(items: Sequence[Item], grading: Grading, workers: int | None = None) -> list[Verdict]:
    """Grade each item, in order. `workers`: most processes for symbolic comparisons (one per available core)."""
    found = [_found(item, grading) for item in items]
    keys = [
        None if one.answer is None else Key(item.gold, one.answer, canonical_kind(item.kind))
        for one, item in zip(found, items, strict=True)
    ]
    decided = compare((key for key in keys if key is not None), grading, workers)
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


def _found(item: Item, grading: Grading) -> Extracted:
    kind = canonical_kind(item.kind)
    if not item.text or not item.text.strip():
        return Extracted(None, "empty")
    if not item.bare:
        return extract(item.text, kind, grading.last_number)
    boxed = last_boxed(item.text) if kind != "brackets" else None
    return Extracted(boxed, "boxed") if boxed else Extracted(item.text.strip(), "given")


def agreements(
    pairs: Sequence[tuple[str, str]], kind: str = "math", grading: Grading | None = None, **policy: Any
) -> list[bool | None]:
    """Whether the extracted answers (gold, answer) agree, for each pair; None where that cannot be decided."""
    grading = settings(grading, policy)
    keys = [Key(gold, answer, canonical_kind(kind)) for gold, answer in pairs]
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


def compare(keys: Iterable[Key], grading: Grading, workers: int | None = None) -> dict[Key, Decision]:
    """Decide each distinct key: in this process where that is cheap, the rest together in the workers."""
    decided = {key: decide(key.gold, key.answer, key.kind, grading) for key in dict.fromkeys(keys)}
    hard = [key for key, decision in decided.items() if decision.equal is None and decision.reason is None]
    if hard:
        outcomes = POOL.compare(
            [(normal(key.gold), normal(key.answer)) for key in hard],
            timeout=grading.timeout,
            memory_mb=grading.memory_mb,
            workers=workers,
        )
        for key, outcome in zip(hard, outcomes, strict=True):
            decided[key] = Decision(outcome.equal, "symbolic", outcome.reason)
    return decided
