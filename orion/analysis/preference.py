"""`python -m orion.analysis.preference`: which methods' CoTs a judge prefers.

Input: results/analysis/{student}/judged/preference.parquet. In a choice among all, a method's value is the share of a
problem's judgements that chose it (in equal parts for methods with the same text), averaged over problems. In a pair, a
problem is a win for the method that both orders prefer, and a tie where they disagree or the texts are the same; the
value counts ties half. `similar` are the comparisons of CoTs of similar length. `position` says how often each place
was chosen: a judge without a bias for places chooses all of them equally often. Intervals are over problems; p is that
of random signs against an even chance, corrected (Holm) over the pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion.analysis.program import run

if TYPE_CHECKING:
    import polars as pl

SUBSETS = ("all", "similar")
SCHEMA: dict[str, type] = {
    "kind": str, "subset": str, "method": str, "other": str, "problems": int, "judgements": int, "unread": int,
    "value": float, "low": float, "high": float, "wins": int, "ties": int, "losses": int, "p": float, "p_holm": float,
    "same_in_every_order": float,
}  # fmt: skip


def choices(rows: pl.DataFrame, methods: Sequence[str]) -> list[dict[str, Any]]:
    """A row a method, and a row a place."""
    from orion.judge.preference import JOIN
    from orion.statistics.clusters import mean

    credit: dict[str, list[list[str]]] = {}
    places: list[tuple[str, int]] = []
    for id, shown, chosen, kept in rows.select("id", "shown", "chosen", "kept").rows():
        if kept:
            credit.setdefault(id, []).append(chosen.split(JOIN))
            places += [(id, shown.index(chosen))] if len(shown) == len(methods) else []
    read = int(rows["kept"].sum())
    shared: dict[str, Any] = {"problems": len(credit), "judgements": read, "unread": rows.height - read}
    agreed = sum(len({tuple(names) for names in found}) == 1 for found in credit.values())
    found: list[dict[str, Any]] = []
    for method in methods:
        values = [sum((method in n) / len(n) for n in names) / len(names) for names in credit.values()]
        share = mean(values, list(credit), share=True)
        found.append(
            {"kind": "choice", "method": method, "value": share.value, "low": share.low, "high": share.high}
            | {"same_in_every_order": agreed / len(credit) if credit else None}
            | shared
        )
    for place in range(len(methods)):
        share = mean([float(at == place) for _, at in places], [id for id, _ in places], share=True)
        found.append(
            {"kind": "position", "method": str(place + 1), "value": share.value, "low": share.low, "high": share.high}
            | {"problems": share.clusters, "judgements": share.rows}
        )
    return found


def pair(rows: pl.DataFrame, first: str, second: str) -> dict[str, Any]:
    """A row for two methods; `rows` are the judgements of this pair, two a problem or one where the texts are equal."""
    import numpy as np

    from orion.judge.preference import JOIN
    from orion.statistics.clusters import mean
    from orion.statistics.paired import sign_flip

    verdicts: dict[str, list[str | None]] = {}
    for id, chosen in rows.select("id", "chosen").rows():
        verdicts.setdefault(id, []).append(chosen)
    read = {id: names for id, names in verdicts.items() if None not in names}
    value = {id: 1.0 if set(n) == {first} else 0.0 if set(n) == {second} else 0.5 for id, n in read.items()}
    share = mean(list(value.values()), list(value), share=True)
    wins, ties = (sum(v == x for v in value.values()) for x in (1.0, 0.5))
    both = [names for names in read.values() if JOIN not in str(names[0])]
    return {
        "kind": "pair", "method": first, "other": second, "problems": len(read), "judgements": 2 * len(both),
        "unread": len(verdicts) - len(read), "value": share.value, "low": share.low, "high": share.high, "wins": wins,
        "ties": ties, "losses": len(read) - wins - ties,
        "p": sign_flip(np.array(list(value.values())) - 0.5) if value else None,
        "same_in_every_order": sum(len(set(names)) == 1 for names in both) / len(both) if both else None,
    }  # fmt: skip


def build(paths: Sequence[Path], spec: str = "{}") -> pl.DataFrame:
    """Columns: see SCHEMA. In pairs `unread` counts problems of which an order could not be read, elsewhere
    judgements."""
    import polars as pl

    from orion.files import read_metadata, read_table
    from orion.judge.preference import JOIN
    from orion.statistics.paired import holm

    (path,) = paths
    whole, about = read_table(path), read_metadata(path)
    found: list[dict[str, Any]] = []
    for subset in SUBSETS:
        near = pl.col("longest_over_shortest") <= (about["similar"] if subset == "similar" else float("inf"))
        rows = whole.filter(near)
        parts = choices(rows.filter(kind="choice"), about["methods"])
        paired = rows.filter(kind="pair")
        pairs = []
        for first, second in combinations(about["methods"], 2) if paired.height else ():
            names = pl.concat_list("shown").list.join(JOIN).str.split(JOIN)
            both = names.list.contains(first) & names.list.contains(second)
            pairs.append(pair(paired.filter(both), first, second))
        tested = [row for row in pairs if row["p"] is not None]
        for row, corrected in zip(tested, holm([row["p"] for row in tested]), strict=True):
            row["p_holm"] = corrected
        found += [{"subset": subset} | row for row in parts + pairs]
    return pl.DataFrame(found, schema=SCHEMA)


if __name__ == "__main__":
    run("preference", __doc__, build)
