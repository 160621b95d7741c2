"""Where a row of an artifact came from: from a score back to the teacher's response.

Rows are tied by keys of the store: a sample has its own (`key`), a rewrite names the error (`error_key`) and the CoT
(`cot_key`) that it was made of, a training row lists its `sources`. A benchmark's answer has no single source: it
leads to the training sets of the policy that gave it, whose rows have one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from orion.errors import UserError

if TYPE_CHECKING:
    import polars as pl


class Step(NamedTuple):
    """One row on the way back: what it is (for people), the artifact it stands in, the row."""

    what: str
    path: Path
    row: dict[str, Any]


def results_of(path: Path) -> Path:
    """The results folder that an artifact lies in.

    Raises:
        UserError: the artifact lies in none.
    """
    for folder in path.resolve().parents:
        if (folder / "problems").is_dir():
            return folder
    raise UserError(f"{path}: lies in no results folder (one that holds problems/), so its lineage cannot be followed")


# Where rows have keys of their own, in the order in which a key is looked for: the latest in the way of the data first.
KEYED: list[tuple[str, str, tuple[str, ...]]] = [
    ("the student's rewrite", "*/refined/*.parquet", ("key",)),
    ("the student's error", "*/errors.parquet", ("key",)),
    ("the untrained student's sample", "*/base/train/*.parquet", ("key",)),
    ("the teacher's template", "teacher/*/templates.parquet", ("key",)),
    ("the teacher's edited CoT", "teacher/*/edited/*.parquet", ("key",)),
    ("the teacher's CoT", "teacher/*/cots.parquet", ("key",)),
    ("the teacher's dual", "teacher/*/duals.parquet", ("right_key", "wrong_key")),
    ("the teacher's correction", "*/*/seed*/*/corrections.parquet", ("key",)),
    ("the student's own correction", "*/*/seed*/*/own_corrections.parquet", ("key",)),
    ("the trained student's error", "*/*/seed*/*/errors.parquet", ("key",)),
    ("the trained student's sample", "*/*/seed*/*/train/*.parquet", ("key",)),
    ("the policy's answer", "*/*/seed*/*/*.parquet", ("key",)),
]


class Lineage:
    """The keyed rows of a results folder that exist so far. Files are searched when a question needs them."""

    def __init__(self, results: Path) -> None:
        self.results = results

    def problem(self, id: str) -> list[Step]:
        """The problem of an id, benchmarks' included."""
        from orion.files import read_table

        for path in sorted(self.results.glob("problems/*.parquet")):
            for row in read_table(path).filter(id=id).iter_rows(named=True):
                return [Step("the problem", path, row)]
        return []

    def of_key(self, key: str) -> list[Step]:
        """The row that a key stands for, if an artifact holds it: the one latest in the way of the data."""
        import polars as pl

        for what, pattern, columns in KEYED:
            for path in sorted(self.results.glob(pattern)):
                if not set(columns) <= set(pl.read_parquet_schema(path)):
                    continue
                match = pl.any_horizontal(pl.col(column) == key for column in columns)
                for row in pl.scan_parquet(path).filter(match).collect().iter_rows(named=True):
                    return [Step(what, path, row)]
        return []

    def back(self, row: dict[str, Any]) -> list[Step]:
        """What a row was made of, newest first, the problem last: the keys that it names, and those that they name."""
        steps: list[Step] = []
        todo = _named(row)
        seen = {row.get("key")}
        while todo:
            key = todo.pop(0)
            if key in seen:
                continue
            seen.add(key)
            for step in self.of_key(key):
                steps.append(step)
                todo += _named(step.row)
        return steps + self.problem(row["id"])

    def training_sets(self, path: Path) -> list[Path]:
        """The training sets of the policy that a scores or samples file belongs to, last stage first. None for an
        untrained student."""
        for folder in path.resolve().parents:
            if folder.name.startswith("seed") and folder.parent.parent.parent == self.results:
                # The sets stand beside the seeds or inside them.
                found = {*folder.glob("*.training_set.parquet"), *folder.parent.glob("*.training_set.parquet")}
                return sorted(found, key=lambda item: item.stat().st_mtime, reverse=True)
        return []

    def samples(self, path: Path, id: str) -> list[Step]:
        """The samples behind a problem's scores; `path` is a scores file."""

        from orion.files import read_table

        found = []
        for file in sorted(path.resolve().parent.glob("*/*.parquet")):
            table: pl.DataFrame = read_table(file)
            if {"draw", "verdict", "id"} <= set(table.columns):
                where = f"{file.parent.name}, {file.stem}"
                rows = table.filter(id=id).iter_rows(named=True)
                found += [Step(f"sample {row['draw']} of {where}", file, row) for row in rows]
        return found


def _named(row: dict[str, Any]) -> list[str]:
    """The keys of other rows that a row names: `sources`, `error_key`, `cot_key`, `case_key`, ..."""
    keys = list(row.get("sources") or [])
    return keys + [value for name, value in row.items() if name.endswith("_key") and isinstance(value, str)]
