"""`python -m orion.analysis.correction`: which of the untrained student's errors a method corrects, by their type.

Inputs: the cases, their types (judged/errors.parquet), and samples of every policy on the cases' problems. `wrong to
right` is the share of samples that are right on problems with such an error; `right to wrong` the share that are not,
on problems of which a right answer was seen. Both would move without any training, as what was seen once is partly
luck: so the untrained student's own new samples stand beside every number, and the difference to them is what is
tested (paired over problems, Holm-corrected over the table). A sample that is the very case is none of the new ones.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion.analysis.program import run
from orion.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

CHANGES = ("wrong to right", "right to wrong")
SCHEMA: dict[str, type] = {
    "change": str, "type": str, "method": str, "problems": int, "draws": float, "seeds": int, "unverified": int,
    "value": float, "low": float, "high": float, "untrained": float, "difference": float, "difference_low": float,
    "difference_high": float, "p": float, "p_holm": float,
}  # fmt: skip
Case = tuple[str, str]  # name of the problems, id
Seen = dict[Case, list[tuple[str, str]]]  # (verdict, key) of a policy's samples


def read_samples(paths: Sequence[Path]) -> dict[str, dict[str, Seen]]:
    """Samples by method and seed. Those on the chosen cases lie in a folder `cases`, and are of training problems.

    Raises:
        UserError: a file that does not say whose samples it holds.
    """
    from orion.files import read_metadata, read_table

    found: dict[str, dict[str, Seen]] = {}
    for path in paths:
        about = read_metadata(path)
        if not about.get("method"):
            raise UserError(f"{path}: does not say of which method its samples are; give files written by orion.sample")
        name = "train" if path.parent.name == "cases" else path.parent.name
        seen = found.setdefault(about["method"], {}).setdefault(str(about.get("seed", "0")), {})
        for id, verdict, key in read_table(path).select("id", "verdict", "key").rows():
            seen.setdefault((name, id), []).append((verdict, key))
    return found


def solved(seeds: Mapping[str, Seen], cases: Mapping[Case, str]) -> tuple[NDArray[np.float64], int, int]:
    """(seeds, problems) shares of samples that are right; and how many samples there are, and of them unverified.

    Raises:
        UserError: a case without a new sample; a missing sample is no wrong answer.
    """
    import numpy as np

    rows, total, unverified = [], 0, 0
    for seen in seeds.values():
        row = []
        for case, key in cases.items():
            verdicts = [verdict for verdict, sample in seen.get(case, []) if sample != key]
            if not verdicts:
                raise UserError(
                    f"problem {case[1]} has no sample beside the one that was looked at; raise the draws of the "
                    "evaluation's headline decoding"
                )
            total += len(verdicts)
            unverified += verdicts.count("unverified")
            row.append(verdicts.count("correct") / len(verdicts))
        rows.append(row)
    return np.array(rows), total, unverified


def build(paths: Sequence[Path], spec: str) -> pl.DataFrame:
    """Columns: see SCHEMA. `type` is `all` or one of the judge's; `draws` the samples a problem and seed on average."""
    import polars as pl

    from orion.files import read_table
    from orion.judge.errors import TYPES
    from orion.statistics.intervals import score
    from orion.statistics.paired import compare, holm

    base: str = json.loads(spec)["base"]
    about = {path.name: read_table(path) for path in paths if path.name in ("cases.parquet", "errors.parquet")}
    if len(about) < 2:
        raise UserError("--inputs: cases.parquet and errors.parquet are both needed")
    cases, types = about["cases.parquet"], dict(about["errors.parquet"].select("case_key", "type").rows())
    samples = read_samples([path for path in paths if path.name not in about])
    if base not in samples:
        raise UserError(f"--inputs: no samples of {base}, the untrained student")
    groups: list[tuple[str, str, dict[Case, str]]] = []
    for change, right in zip(CHANGES, (False, True), strict=True):
        of = {(row["problems"], row["id"]): row["key"] for row in cases.filter(right=right).iter_rows(named=True)}
        groups.append((change, "all", of))
        if not right:
            groups += [(change, name, {case: key for case, key in of.items() if types.get(key) == name})
                       for name in TYPES]  # fmt: skip
    found: list[dict[str, Any]] = []
    for change, name, of in groups:
        if not of:
            continue
        flip = 1.0 if change == CHANGES[1] else 0.0  # what counts is then the share that is not right
        before = abs(flip - solved(samples[base], of)[0])
        for method, seeds in samples.items():
            values, total, unverified = solved(seeds, of)
            values = abs(flip - values)
            rate = score([values], observations=total)
            row = {"change": change, "type": name, "method": method, "problems": len(of), "seeds": len(seeds)}
            row |= {"draws": total / len(seeds) / len(of), "unverified": unverified}
            row |= {"value": rate.value, "low": rate.low, "high": rate.high, "untrained": float(before.mean())}
            if method != base:
                other = compare([values], [before], draws=max(1, total // (len(seeds) * len(of))))
                row |= {"difference": other.value, "difference_low": other.low, "difference_high": other.high}
                row["p"] = other.p
            found.append(row)
    tested = [row for row in found if "p" in row]
    for row, corrected in zip(tested, holm([row["p"] for row in tested]), strict=True):
        row["p_holm"] = corrected
    return pl.DataFrame(found, schema=SCHEMA)


if __name__ == "__main__":
    run("correction", __doc__, build)
