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
    for number, item, own, other in different[:limit]:
        lines.append(f"  row {number}: gold {item.gold!r}, answer {(own.answer or '')[:120]!r}")
        lines.append(
            f"    ours: {own.verdict} ({own.how}{'; ' + own.reason if own.reason else ''}), math-verify: {other}"
        )
    if len(different) > limit:
        lines.append(f"  and {len(different) - limit} more")
    return "\n".join(lines)
