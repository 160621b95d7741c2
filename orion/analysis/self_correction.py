"""`python -m orion.analysis.self_correction`: what a second pass without an oracle does to answers (SuperCorrect's
figure of self-correction): accuracy before and after, wrong to right, right to wrong.

Inputs: results/{student}/{method}/seed{n}/{benchmark}/{decoding}.parquet of methods with a solver that goes over its
answers. A row a measure: `count` of `samples`, `value` with its 95% interval over problems, which are the clusters;
`change` is after less before, paired. `outcome: ...` says what became of the second pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion.analysis.program import place, run
from orion.errors import UserError

if TYPE_CHECKING:
    import polars as pl

KEYS = ("method", "benchmark", "decoding")


def measures(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of samples with id, verdict, first_verdict and outcome."""
    from orion.statistics.clusters import mean

    before = [row["first_verdict"] == "correct" for row in rows]
    after = [row["verdict"] == "correct" for row in rows]
    flags: dict[str, list[bool]] = {
        "before": before,
        "after": after,
        "wrong to right": [b and not a for a, b in zip(before, after, strict=True)],
        "right to wrong": [a and not b for a, b in zip(before, after, strict=True)],
    }
    outcomes = sorted({row["outcome"] for row in rows})
    flags |= {f"outcome: {outcome}": [row["outcome"] == outcome for row in rows] for outcome in outcomes}
    ids = [row["id"] for row in rows]
    found = []
    for name, values in flags.items():
        stated = mean([float(value) for value in values], ids, share=True)
        found.append({"measure": name, "count": sum(values)} | stated._asdict())
    changes = [float(b) - float(a) for a, b in zip(before, after, strict=True)]
    found.insert(2, {"measure": "change", "count": int(sum(changes))} | mean(changes, ids)._asdict())
    return [
        {"measure": row["measure"], "problems": row["clusters"], "samples": row["rows"], "count": row["count"]}
        | {name: row[name] for name in ("value", "low", "high")}
        for row in found
    ]


def build(paths: Sequence[Path], spec: str = "{}") -> pl.DataFrame:
    """Columns: method, benchmark, decoding, seeds, then those of `measures`."""
    import polars as pl

    from orion.files import read_table

    samples: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    seeds: dict[tuple[str, ...], set[str]] = {}
    for path in paths:
        where, table = place(path), read_table(path)
        if "first_verdict" not in table.columns:
            raise UserError(f"{path}: no column first_verdict; its method has no solver that goes over its answers")
        group = (where.method, path.parent.name, path.stem)
        samples.setdefault(group, []).extend(table.select("id", "verdict", "first_verdict", "outcome").to_dicts())
        seeds.setdefault(group, set()).add(where.seed)
    rows = [
        dict(zip(KEYS, group, strict=True)) | {"seeds": len(seeds[group])} | measure
        for group, found in samples.items()
        if found
        for measure in measures(found)
    ]
    schema: dict[str, Any] = dict.fromkeys(KEYS, pl.String) | {"seeds": pl.Int64, "measure": pl.String}
    schema |= dict.fromkeys(("problems", "samples", "count"), pl.Int64)
    return pl.DataFrame(rows, schema=schema | dict.fromkeys(("value", "low", "high"), pl.Float64), orient="row")


if __name__ == "__main__":
    run("self_correction", __doc__, build)
