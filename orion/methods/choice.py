"""A stage's `choose`: which problems it trains on, by difficulty, length, topic or pattern of mistake.

Minimal CoT (arXiv 2507.09850) studies difficulty, diversity and length of its few CoTs, EDIT (arXiv 2405.19737)
patterns of mistakes; neither says how subsets are cut. Ours: thirds by rank, equal in size, so that each arm chooses
from as many problems; ties (a pass rate over few samples has few values) are broken by a hash of the problem's id, not
by the seed, so that a problem is in the same third for every seed. Difficulty is 1 - the untrained student's pass rate
over its exposure samples of all temperatures; a problem without samples is dropped and counted. Length is characters of
the longest completion of a problem. Whatever is left out is counted by what left it out; `about` says what was chosen.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from statistics import fmean
from typing import TYPE_CHECKING, get_args

from orion.config.choice import Choice, Pattern
from orion.errors import UserError
from orion.methods.rows import Row, TrainingSet
from orion.types import Problem, digest

if TYPE_CHECKING:
    import polars as pl


def choose(
    full: TrainingSet,
    choice: Choice,
    seed: int,
    limit: int | None,
    problems: Sequence[Problem],
    exposure: Sequence[pl.DataFrame] = (),
    mistakes: pl.DataFrame | None = None,
) -> TrainingSet:
    """The rows that `choice` leaves.

    Args:
        full: the training set, whole.
        exposure: the untrained student's samples, a table a temperature.
        mistakes: pairs with their pattern (`orion.teacher.mistakes`).

    Raises:
        UserError: there is nothing to tell problems apart by, or no topic is large enough.
    """
    found = full
    if choice.mistakes is not None:
        assert mistakes is not None
        found = _of_pattern(found, choice.mistakes, mistakes, seed)
    ids = list(dict.fromkeys(row.id for row in found.rows))
    kept = set(ids)
    about: dict[str, object] = dict(found.about)
    dropped = Counter(found.dropped)
    if choice.difficulty is not None:
        rates = pass_rates(exposure)
        dropped["not-exposed"] += sum(row.id not in rates for row in found.rows)
        known = [id for id in ids if id in rates]
        third = thirds(known, lambda id: -rates[id])[("easy", "middle", "hard").index(choice.difficulty)]
        about["difficulty"] = {"third": choice.difficulty, "pass rate": _mean(rates, third), "of": _mean(rates, known)}
        dropped["other-difficulty"] += sum(row.id in rates and row.id not in third for row in found.rows)
        kept &= third
    if choice.length is not None:
        lengths: dict[str, int] = {}
        for row in found.rows:
            lengths[row.id] = max(lengths.get(row.id, 0), len(row.completion))
        third = thirds(ids, lambda id: lengths[id])[("short", "middle", "long").index(choice.length)]
        about["length"] = {"third": choice.length, "characters": _mean(lengths, third), "of": _mean(lengths, ids)}
        dropped["other-length"] += sum(row.id in kept and row.id not in third for row in found.rows)
        kept &= third
    if choice.topics is not None:
        assert limit is not None  # the config sees to it
        topics = {p.id: p.subject for p in problems if p.id in kept and p.subject}
        chosen = _by_topic(topics, choice.topics, limit, seed)
        about["topics"] = dict(sorted(Counter(topics[id] for id in chosen).items()))
        dropped["other-topic"] += sum(row.id in kept and row.id not in chosen for row in found.rows)
        kept &= chosen
    return TrainingSet([row for row in found.rows if row.id in kept], dropped, about)


def pass_rates(exposure: Sequence[pl.DataFrame]) -> dict[str, float]:
    """By problem id: the share of right samples among those that could be had."""
    import polars as pl

    rates: dict[str, float] = {}
    if exposure:
        samples = pl.concat([table.select("id", "verdict", "finish_reason") for table in exposure])
        had = samples.filter(pl.col("finish_reason") != "error")
        rates |= dict(had.group_by("id").agg((pl.col("verdict") == "correct").mean()).iter_rows())
    return rates


def thirds(ids: Sequence[str], value: Callable[[str], float]) -> list[set[str]]:
    """Three sets by rank of `value`, smallest first; sizes differ by one at most."""
    ranked = sorted(ids, key=lambda id: (value(id), digest(id)))
    cuts = [round(len(ranked) * part / 3) for part in range(4)]
    return [set(ranked[low:high]) for low, high in pairwise(cuts)]


def _mean(values: Mapping[str, float], ids: Sequence[str] | set[str]) -> float | None:
    return round(fmean(values[id] for id in ids), 4) if ids else None


def _by_topic(topics: Mapping[str, str | None], how: str, limit: int, seed: int) -> set[str]:
    by_topic: dict[str, list[str]] = defaultdict(list)
    for id in sorted(topics, key=lambda id: digest([seed, id])):
        by_topic[str(topics[id])].append(id)
    if len(by_topic) < 2:
        raise UserError(
            f"choose.topics: the problems have {len(by_topic)} different subjects, there is nothing to choose by; "
            "name a `subject` for each problem (`columns` of a file), or take `topics` out"
        )
    order = sorted(by_topic, key=lambda topic: digest([seed, topic]))
    if how == "one":
        large = [topic for topic in order if len(by_topic[topic]) >= limit]
        if not large:
            most = max(len(ids) for ids in by_topic.values())
            raise UserError(f"choose.topics: no topic has {limit} problems with a row, the largest has {most}")
        return set(by_topic[large[0]][:limit])
    chosen: list[str] = []
    for place in range(max(map(len, by_topic.values()))):  # the first of each topic, then the second of each, ...
        chosen += [by_topic[topic][place] for topic in order if place < len(by_topic[topic])]
    return set(chosen[:limit])


def _of_pattern(full: TrainingSet, pattern: str, mistakes: pl.DataFrame, seed: int) -> TrainingSet:
    """Rows of one pattern of mistake, as many as the rarest of the three has."""
    of = {(row["right_key"], row["wrong_key"]): row["pattern"] for row in mistakes.iter_rows(named=True)}
    by_pattern: dict[str, list[Row]] = {name: [] for name in get_args(Pattern)}
    for row in full.rows:
        by_pattern.get(of.get((row.sources[0], row.sources[1])) or "", []).append(row)
    size = min(map(len, by_pattern.values()))
    chosen = {row.sources for row in sorted(by_pattern[pattern], key=lambda row: digest([seed, *row.sources]))[:size]}
    rows = [row for row in by_pattern[pattern] if row.sources in chosen]
    dropped = full.dropped + Counter(
        {
            "other-mistake": len(full.rows) - len(by_pattern[pattern]),
            "over-equal-size": len(by_pattern[pattern]) - size,
        }
    )
    return TrainingSet(rows, dropped, {"mistakes": {name: len(found) for name, found in by_pattern.items()}})
