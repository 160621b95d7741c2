"""What math-verify by itself says of the same rows, and where it and we differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from orion.types import Verdict
from orion.verify.extraction import after_thinking
from orion.verify.grader import Item
from orion.verify.pool import POOL

_LIMIT = 60.0  # seconds for one row; math-verify has time limits of its own, of 5 s each


def math_verify(items: Sequence[Item], workers: int | None = None) -> list[str]:
    """Its verdict on each item, as `correct`, `wrong`, or `unverified` where it did not come back."""
    pairs = [
        (item.gold, (after_thinking(item.text or "") or "") if not item.bare else f"${item.text}$") for item in items
    ]
    outcomes = POOL.compare(pairs, timeout=_LIMIT, memory_mb=4096, workers=workers, plain=True)
    names = {True: "correct", False: "wrong", None: "unverified"}
    return [names[outcome.equal] for outcome in outcomes]


def reason(own: Verdict, other: str) -> str:
    """Why we judge otherwise, by the step that decided: what we found typical of such rows."""
    step, _, how = own.how.partition(":")
    if other == "unverified":
        return "math-verify did not come back"
    if own.verdict == "unverified":
        return "not decided; math-verify calls what it gives up or cannot read wrong"
    if own.answer is None:
        return "no final answer after the thinking; math-verify takes any formula or number of the text"
    if own.verdict == "correct" and how in ("words", "choice"):
        return "words and letters, which math-verify does not extract"
    if own.verdict == "correct" and how in ("text", "rational") and step != "boxed":
        return "the declared answer stands outside of formula marks, where math-verify reads no LaTeX"
    if own.verdict == "correct" and how in ("value", "float"):
        return "a unit, a currency sign or a power of ten, which math-verify does not read there"
    if own.verdict == "correct":
        return "a name, a condition, or one value in several forms, which math-verify takes as part of the answer"
    if how == "relation":
        return "math-verify compares one side or one formula, or takes c for C"
    if how in ("rational", "value", "float"):
        return "math-verify compares to six decimals, takes the percent sign away, or takes another number of the text"
    return "math-verify compares only a part of the answer, or ignores its order or brackets"


def report(items: Sequence[Item], ours: Sequence[Verdict], theirs: Sequence[str], limit: int = 50) -> str:
    """The table of agreement and the first `limit` rows that are judged otherwise, as text."""
    table = Counter((own.verdict, other) for own, other in zip(ours, theirs, strict=True))
    lines = ["agreement with math-verify (ours / its):"]
    lines += [f"  {own:>10} / {other:<10} {count:>7}" for (own, other), count in sorted(table.items())]
    different = [
        (number, item, own, other)
        for number, (item, own, other) in enumerate(zip(items, ours, theirs, strict=True), 1)
        if own.verdict != other
    ]
    lines.append(f"{len(different)} of {len(items)} rows are judged otherwise")
    for text, count in Counter(reason(own, other) for _, _, own, other in different).most_common():
        lines.append(f"  {count:>5}  {text}")
    for number, item, own, other in different[:limit]:
        lines.append(f"  row {number}: gold {item.gold!r}, answer {(own.answer or '')[:120]!r}")
        lines.append(
            f"    ours: {own.verdict} ({own.how}{'; ' + own.reason if own.reason else ''}), math-verify: {other}"
        )
    if len(different) > limit:
        lines.append(f"  and {len(different) - limit} more")
    return "\n".join(lines)
