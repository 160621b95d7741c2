"""What a training-set builder returns: rows, and what was dropped by reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from orion.types import Message, digest


class Row(NamedTuple):
    """One training example: the prompt is masked, the completion and its EOS are trained.

    `rejected` is the other completion of a pair (dpo, krsl). `sources` are keys of the store, for the lineage.
    """

    id: str
    prompt: tuple[Message, ...]
    completion: str
    rejected: str | None = None
    sources: tuple[str, ...] = ()


@dataclass
class TrainingSet:
    """`about` says of a choice what was chosen, for the stats file."""

    rows: list[Row]
    dropped: Counter[str] = field(default_factory=Counter)
    about: dict[str, Any] = field(default_factory=dict)


def without_duplicates(rows: Iterable[Row]) -> TrainingSet:
    """The rows less those that repeat an earlier (prompt, completion, rejected)."""
    kept: dict[Any, Row] = {}
    dropped: Counter[str] = Counter()
    for row in rows:
        same = (row.prompt, row.completion, row.rejected)
        if same in kept:
            dropped["duplicate"] += 1
        kept.setdefault(same, row)
    return TrainingSet(list(kept.values()), dropped)


def limited(training_set: TrainingSet, problems: int, seed: int) -> TrainingSet:
    """The rows of so many problems, a choice that depends on (seed, problem id) alone; the rest is counted."""
    ids = sorted({row.id for row in training_set.rows}, key=lambda id: digest([seed, id]))
    chosen = set(ids[:problems])
    rows = [row for row in training_set.rows if row.id in chosen]
    dropped = training_set.dropped + Counter({"over-limit": len(training_set.rows) - len(rows)})
    return TrainingSet(rows, dropped, training_set.about)


def shared(training_set: TrainingSet, others: Iterable[set[str]]) -> TrainingSet:
    """The rows of those problems that all other training sets have, too; the rest is counted."""
    everywhere = set.intersection({row.id for row in training_set.rows}, *others)
    rows = [row for row in training_set.rows if row.id in everywhere]
    dropped = training_set.dropped + Counter({"not-in-every-arm": len(training_set.rows) - len(rows)})
    return TrainingSet(rows, dropped, training_set.about)
