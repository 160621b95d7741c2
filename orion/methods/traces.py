"""The teacher's trace that stands for a problem: one answer-verified CoT, by a seeded choice."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from orion.types import digest

if TYPE_CHECKING:
    import polars as pl


class Trace(NamedTuple):
    """`text` is the whole CoT as a training target: the reasoning, a blank line, the response."""

    id: str
    text: str
    key: str


def chosen_traces(cots: pl.DataFrame, verdict: str = "correct") -> dict[str, Trace]:
    """By problem id. Only traces of that verdict count that closed their thinking and were not cut off.

    The choice hashes (problem, key), so that more draws or other problems do not change it by their position.
    """
    best: dict[str, tuple[str, Trace]] = {}
    for row in cots.iter_rows(named=True):
        if row["verdict"] != verdict or row["finish_reason"] != "stop" or not (row["response"] or "").strip():
            continue
        text = "\n\n".join(part.strip() for part in (row["reasoning"], row["response"]) if part and part.strip())
        rank = digest([row["id"], row["key"]])
        if row["id"] not in best or rank < best[row["id"]][0]:
            best[row["id"]] = (rank, Trace(row["id"], text, row["key"]))
    return {id: trace for id, (_, trace) in best.items()}
