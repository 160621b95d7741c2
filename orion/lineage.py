"""Where a row of an artifact came from: from a score back to the teacher's response.

Rows are tied by keys of the store: a sample has its own (`key`), a rewrite names the error (`error_key`) and the CoT
(`cot_key`) that it was made of, a training row lists its `sources`. A benchmark's answer has no single source: it
leads to the training sets of the policy that gave it, whose rows have one.
"""

from __future__ import annotations

from functools import cached_property
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


class Lineage:
    """All keyed rows of a results folder that exist so far. Files are read when the first question needs them."""

    def __init__(self, results: Path) -> None:
        self.results = results

    def _keyed(self, pattern: str, *columns: str) -> dict[str, tuple[Path, dict[str, Any]]]:
        """The rows of files by what stands in `columns` (key)."""
        from orion.files import read_table

        found: dict[str, tuple[Path, dict[str, Any]]] = {}
        for path in sorted(self.results.glob(pattern)):
            table = read_table(path)
            for column in columns or ("key",):
                if column in table.columns:
                    found |= {row[column]: (path, row) for row in table.iter_rows(named=True) if row[column]}
        return found

    @cached_property
    def _artifacts(self) -> dict[str, dict[str, tuple[Path, dict[str, Any]]]]:
        return {
            "the teacher's dual": self._keyed("teacher/*/duals.parquet", "right_key", "wrong_key"),
            "the teacher's CoT": self._keyed("teacher/*/cots.parquet"),
            "the teacher's edited CoT": self._keyed("teacher/*/edited/*.parquet"),
            "the teacher's template": self._keyed("teacher/*/templates.parquet"),
            "the untrained student's sample": self._keyed("*/base/train/*.parquet"),
            "the student's error": self._keyed("*/errors.parquet"),
            "the student's rewrite": self._keyed("*/refined/*.parquet"),
        }

    def problem(self, id: str) -> list[Step]:
        """The problem of an id, benchmarks' included."""
        from orion.files import read_table

        for path in sorted(self.results.glob("problems/*.parquet")):
            for row in read_table(path).filter(id=id).iter_rows(named=True):
                return [Step("the problem", path, row)]
        return []

    def of_key(self, key: str) -> list[Step]:
        """The row that a key stands for, if an artifact holds it: the one latest in the way of the data."""
        for what, rows in reversed(self._artifacts.items()):
            if key in rows:
                return [Step(what, *rows[key])]
        return []

    def back(self, row: dict[str, Any]) -> list[Step]:
        """What a row was made of, newest first, the problem last."""
        steps: list[Step] = []
        todo = list(row.get("sources") or []) or [row.get("error_key"), row.get("cot_key")]
        seen = {row.get("key")}
        while todo:
            key = todo.pop(0)
            if key is None or key in seen:
                continue
            seen.add(key)
            for step in self.of_key(key):
                steps.append(step)
                todo += [step.row.get("error_key"), step.row.get("cot_key")]
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
