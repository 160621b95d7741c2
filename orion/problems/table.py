"""Problems as a parquet artifact: `results/problems/train.parquet` and one file a benchmark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from orion.errors import UserError
from orion.types import Problem


def write_problems(path: Path, problems: Iterable[Problem], metadata: Mapping[str, Any]) -> None:
    import polars as pl

    from orion.files import write_table

    write_table(
        path, pl.DataFrame(list(problems), schema=dict.fromkeys(Problem._fields, pl.String), orient="row"), metadata
    )


def read_problems(path: Path) -> list[Problem]:
    """The problems in file order.

    Raises:
        UserError: the file lacks a column that every problem has.
    """
    from orion.files import read_table

    table = read_table(path)
    if missing := {"id", "problem", "answer"} - set(table.columns):
        raise UserError(f"{path}: no column {', '.join(sorted(missing))}; a problems file has id, problem and answer")
    return [
        Problem(**row) for row in table.select([c for c in Problem._fields if c in table.columns]).iter_rows(named=True)
    ]
