"""Fixtures of the training tests: the tiny student of `tiny.py`, and training sets on disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from orion.files import write_table
from tests.training.tiny import ROWS, Tiny, as_rows


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return Tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def training_set(tmp_path: Path) -> Callable[..., Path]:
    def write(rows: Sequence[dict[str, Any]], name: str = "set.parquet", **metadata: Any) -> Path:
        import polars as pl

        table = pl.DataFrame(as_rows(rows)) if rows else pl.DataFrame(schema={k: pl.String for k in ROWS[0]})
        write_table(tmp_path / name, table, metadata)
        return tmp_path / name

    return write
