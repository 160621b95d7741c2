"""Of a page that is too large for a report, so many problems as have room there.

`snakemake --report` puts a page into its file as an address of its own (`data:`), and browsers open none of more than
two megabytes. The problems of an excerpt are spread evenly over each set, whatever their traces say.
"""

from __future__ import annotations

from collections.abc import Sequence

from orion.explorer.items import Item
from orion.explorer.page import page
from orion.explorer.spec import ExplorerSpec

LARGEST = 1_450_000  # bytes: as base64 just below what Chromium takes for an address, 2 MiB


def spread(items: Sequence[Item], share: float) -> list[Item]:
    """About that share of each set, at least one problem, evenly spread."""
    sets: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        sets.setdefault((item.student, item.set), []).append(item)
    chosen = []
    for whole in sets.values():
        count = max(1, int(share * len(whole)))
        chosen += [whole[n * len(whole) // count] for n in range(count)]
    return chosen


def excerpt(items: Sequence[Item], spec: ExplorerSpec, note: str, largest: int = LARGEST) -> str:
    """The page of as many items as `largest` bytes hold; of all, if they do."""
    text = sum(len(t["text"]) + len(t.get("reasoning", "")) for item in items for t in item.traces)
    share = min(1.0, 4 * largest / max(1, text))  # no more than that can fit, packed
    while True:
        some = spread(items, share)
        part = f"An excerpt: {len(some)} of {len(items)} problems; all of them are in results/report/traces.html."
        made = "".join(page(some, spec, note if len(some) == len(items) else " ".join(filter(None, [part, note]))))
        if len(made.encode()) <= largest or share * len(items) <= 1:
            return made
        share *= 0.8
