"""`python -m orion.analysis.locating`: whether policies find the wrong step of a solution, and put it right
(SuperCorrect's table of locate correctness and correction accuracy, on 500 errors).

Inputs: the located errors (results/analysis/{student}/locating/locations.parquet) and, of each policy,
{method}/seed{n}/own.parquet and judged.parquet below that folder. All policies get the same errors, which one of them
made on the benchmarks, and see no reference solution. The teacher, who sees it, says where the first wrong step is and
whether a correction is right; `judge` names it, and says of a script that it is one.

A row a policy and measure: `located` names the teacher's step; `none` says that every step is right; `in form` writes a
cause and a correction; `corrected` puts the teacher's step right, whether it had found it or not; `both`. Beside each
stands its difference to the first policy (`against`), on the same errors. Intervals are over problems. `paper` is the
published share, of the paper's Qwen2.5-Math-7B-Instruct.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion.analysis.program import run
from orion.errors import UserError

if TYPE_CHECKING:
    import polars as pl

MEASURES = ("located", "none", "in form", "corrected", "both")
Flags = dict[str, dict[str, bool]]  # by measure, then by the error's key


def flags_of(own: pl.DataFrame, judged: pl.DataFrame) -> Flags:
    """What a policy did about each error. An error that it said nothing about, or was cut off at, is not put right."""
    right = {row["error_key"]: bool(row["own_right"]) for row in judged.iter_rows(named=True)}
    found: Flags = {measure: {} for measure in MEASURES}
    for row in own.iter_rows(named=True):
        key, said = row["error_key"], row["own_number"]
        located, corrected = said == row["number"], right.get(key, False)
        values = (located, said == 0, row["tagged"], corrected, located and corrected)
        for measure, value in zip(MEASURES, values, strict=True):
            found[measure][key] = value
    return found


def rows_of(policies: Mapping[tuple[str, str], Flags], problem_of: Mapping[str, str]) -> list[dict[str, Any]]:
    first = next(iter(policies), None)
    rows = []
    for policy, flags in policies.items():
        for measure, values in flags.items():
            keys = [key for key in problem_of if key in values]
            about = {"method": policy[0], "seed": policy[1], "measure": measure, "against": None}
            rows.append(about | _stated([float(values[key]) for key in keys], [problem_of[key] for key in keys], True))
            if first is not None and policy != first:
                other = policies[first][measure]
                keys = [key for key in keys if key in other]
                changes = [float(values[key]) - float(other[key]) for key in keys]
                about |= {"against": f"{first[0]}, seed {first[1]}"}
                rows.append(about | _stated(changes, [problem_of[key] for key in keys], False))
    return rows


def _stated(values: Sequence[float], ids: Sequence[str], share: bool) -> dict[str, Any]:
    from orion.statistics.clusters import mean

    found = mean(values, ids, share=share)
    return {
        "errors": found.rows,
        "problems": found.clusters,
        "count": int(sum(values)),
        "value": found.value,
        "low": found.low,
        "high": found.high,
    }


def build(paths: Sequence[Path], spec: str = "{}") -> pl.DataFrame:
    """Columns: method, seed, measure, against (null: none), errors, problems, count, value, low, high, judge, paper."""
    import polars as pl

    from orion.files import read_metadata, read_table
    from orion.tables.paper import reference

    printed = {
        (row.recipe, row.metric.removeprefix("error ")): row.value / 100
        for row in reference()
        if row.paper == "SuperCorrect" and row.metric.startswith("error ")
    }

    places = [path for path in paths if path.name == "locations.parquet"]
    if len(places) != 1:
        raise UserError("--inputs: give locations.parquet, once, beside own.parquet and judged.parquet of each policy")
    about = read_metadata(places[0])
    judge = about["teacher"] + (" (a script, not a model)" if about.get("teacher_kind") == "script" else "")
    problem_of = {row["error_key"]: row["id"] for row in read_table(places[0]).filter("kept").iter_rows(named=True)}
    policies: dict[tuple[str, str], Flags] = {}
    for path in paths:
        if path.name == "own.parquet":
            policy = (path.parts[-3], path.parts[-2].removeprefix("seed"))
            policies[policy] = flags_of(read_table(path), read_table(path.with_name("judged.parquet")))
    rows = [
        row | {"judge": judge, "paper": None if row["against"] else printed.get((row["method"], row["measure"]))}
        for row in rows_of(policies, problem_of)
    ]
    schema: dict[str, Any] = dict.fromkeys(("method", "seed", "measure", "against"), pl.String)
    schema |= dict.fromkeys(("errors", "problems", "count"), pl.Int64)
    schema |= dict.fromkeys(("value", "low", "high"), pl.Float64) | {"judge": pl.String, "paper": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


if __name__ == "__main__":
    run("locating", __doc__, build)
