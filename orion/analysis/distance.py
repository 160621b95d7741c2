"""`python -m orion.analysis.distance`: how different a rewrite is from the teacher's CoT, and what it kept of it.

Inputs: results/{student}/refined/*.parquet and the teacher's cots.parquet. `similarity` is 1 - (edit distance in words
/ length of the longer); `copied` the share of the rewrite's word 3-grams that the CoT holds; `kept_numbers` the share
of the CoT's different numbers that the rewrite still names; `shorter` the rewrite's words as a share of the CoT's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion.analysis.program import run
from orion.errors import UserError

if TYPE_CHECKING:
    import polars as pl

_WORD = re.compile(r"\w+|[^\w\s]")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
NUMBERS = ("similarity", "copied", "kept_numbers", "shorter")


def compare(rewrite: str, cot: str) -> dict[str, float]:
    """The four numbers of a pair; 0 where a text has nothing to compare."""
    from rapidfuzz.distance import Levenshtein

    ours, theirs = _WORD.findall(rewrite), _WORD.findall(cot)
    grams = [set(zip(words, words[1:], words[2:], strict=False)) for words in (ours, theirs)]
    numbers = [set(_NUMBER.findall(text)) for text in (rewrite, cot)]
    return {
        "similarity": Levenshtein.normalized_similarity(ours, theirs) if ours or theirs else 0.0,
        "copied": len(grams[0] & grams[1]) / len(grams[0]) if grams[0] else 0.0,
        "kept_numbers": len(numbers[0] & numbers[1]) / len(numbers[1]) if numbers[1] else 0.0,
        "shorter": len(ours) / len(theirs) if theirs else 0.0,
    }


def build(paths: Sequence[Path], spec: str = "{}") -> pl.DataFrame:
    """One row a rewrite: id, key, feedback (the file's name), temperature, kept, and the four numbers."""
    import polars as pl

    from orion.files import read_table

    cots = [path for path in paths if path.name == "cots.parquet"]
    if not cots:
        raise UserError("--inputs: the teacher's cots.parquet is missing")
    texts = {
        row["key"]: "\n\n".join(part.strip() for part in (row["reasoning"], row["response"]) if part)
        for path in cots
        for row in read_table(path).iter_rows(named=True)
    }
    rows = []
    for path in paths:
        if path in cots:
            continue
        for row in read_table(path).iter_rows(named=True):
            about = {name: row[name] for name in ("id", "key", "temperature", "kept")}
            numbers = compare(row["response"] or "", texts[row["cot_key"]])
            rows.append(about | {"feedback": path.stem} | numbers)
    schema: dict[str, Any] = dict.fromkeys(("id", "key", "feedback", "temperature"), pl.String) | {"kept": pl.Boolean}
    floats: dict[str, Any] = dict.fromkeys(NUMBERS, pl.Float64)
    return pl.DataFrame(rows, schema=schema | floats)


def summarise(rows: pl.DataFrame) -> pl.DataFrame:
    """From a row a rewrite to feedback, kept, number, rows, ids (different problems), the mean with its interval over
    problems, and quantiles."""
    import polars as pl

    from orion.statistics.clusters import mean

    found = []
    for (feedback, kept), part in rows.group_by("feedback", "kept", maintain_order=True):
        for name in NUMBERS:
            of = mean(part[name].to_list(), part["id"].to_list(), share=name != "shorter")
            quantiles = {
                label: part[name].quantile(q, "linear") for label, q in (("p25", 0.25), ("median", 0.5), ("p75", 0.75))
            }
            labels = {"feedback": feedback, "kept": kept, "number": name, "rows": of.rows, "ids": of.clusters}
            found.append(labels | {"mean": of.value, "low": of.low, "high": of.high} | quantiles)
    return pl.DataFrame(found, schema_overrides=dict.fromkeys(("mean", "low", "high"), pl.Float64))


if __name__ == "__main__":
    run("distance", __doc__, build)
