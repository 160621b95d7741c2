"""`python -m orion.analysis.lengths`: how long the CoTs are that each method trains on, in the student's tokens.

Inputs: the student's manifest.json and results/{student}/{method}/seed{n}/{stage}.training_set.parquet; one seed
stands for all, as training sets do not depend on it unless a recipe chooses rows by seed. `all` counts every row,
`shared` only those of problems that every method trains on (ORION's analysis: about 40% shorter).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from orion.analysis.program import place, run
from orion.analysis.shared import with_shared
from orion.errors import UserError

if TYPE_CHECKING:
    import polars as pl

RATIO = ("of_longest", "of_longest_low", "of_longest_high")
QUANTILES = {"p10": 0.1, "p25": 0.25, "median": 0.5, "p75": 0.75, "p90": 0.9}


def summarise(lengths: pl.DataFrame) -> pl.DataFrame:
    """From columns method, stage, id, tokens (a row a CoT) to problems (all or shared), method, stage, rows, ids
    (different problems), the mean with its interval over problems, quantiles, and on shared problems the ratio to the
    method with the longest CoTs, paired over problems."""
    import polars as pl

    from orion.statistics.clusters import mean

    found = []
    keys = ["problems", "method", "stage"]
    lengths = with_shared(lengths)
    for key, rows in lengths.group_by(keys, maintain_order=True):
        of = mean(rows["tokens"].to_list(), rows["id"].to_list())
        numbers = {"rows": of.rows, "ids": of.clusters, "mean": of.value, "low": of.low, "high": of.high}
        quantiles = {name: rows["tokens"].quantile(q, "linear") for name, q in QUANTILES.items()}
        found.append(dict(zip(keys, key, strict=True)) | numbers | quantiles)
    table = pl.DataFrame(found)
    shared = table.filter(problems="shared").sort("mean", maintain_order=True)
    if shared.is_empty():
        return table.with_columns(pl.lit(None, pl.Float64).alias(name) for name in RATIO)
    # Of a problem's CoTs the mean, so that a problem with several counts once on both sides.
    groups = lengths.filter(problems="shared").group_by("method", "stage", "id", maintain_order=True)
    each = groups.agg(pl.col("tokens").mean())
    longest = each.join(shared.tail(1).select("method", "stage"), on=["method", "stage"], how="semi")
    ratios = []
    for arm in shared.select("method", "stage").iter_rows(named=True):
        both = each.filter(**arm).join(longest, on="id", suffix="_longest", maintain_order="left")
        ratio = mean(both["tokens"].to_list(), both["id"].to_list(), weights=both["tokens_longest"].to_list())
        ratios.append(arm | {"problems": "shared"} | dict(zip(RATIO, ratio[:3], strict=True)))
    schema = dict.fromkeys(RATIO, pl.Float64)
    return table.join(pl.DataFrame(ratios, schema_overrides=schema), on=keys, how="left", maintain_order="left")


def build(paths: Sequence[Path], spec: str) -> pl.DataFrame:
    import polars as pl

    from orion.chat import load_tokenizer
    from orion.config.student import Student
    from orion.files import read_table
    from orion.students import read_manifest

    manifests = [path for path in paths if path.name == "manifest.json"]
    if len(manifests) != 1:
        raise UserError("--inputs: give the student's manifest.json, once, beside its training sets")
    tokenizer = load_tokenizer(read_manifest(manifests[0]), Student.parse(spec))
    found, seen = [], set()
    for path in paths:
        if path in manifests or (arm := (place(path).method, place(path).stage)) in seen:
            continue
        seen.add(arm)
        rows = read_table(path).select("id", "completion")
        counts = [len(ids) for ids in tokenizer(rows["completion"].to_list(), add_special_tokens=False)["input_ids"]]
        labels = [pl.lit(arm[0]).alias("method"), pl.lit(arm[1]).alias("stage")]
        found.append(rows.select(*labels, "id", pl.Series("tokens", counts, pl.Int64)))
    return summarise(pl.concat(found))


if __name__ == "__main__":
    run("lengths", __doc__, build)
