"""Reading and writing artifacts: whole or not at all, and with what made them in their metadata."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion.errors import UserError

if TYPE_CHECKING:
    import polars as pl


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends well, and vanishes otherwise."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    part = Path(name)
    try:
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        part.chmod(0o666 & ~umask)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_table(path: str | Path, table: pl.DataFrame, metadata: Mapping[str, Any] | None = None) -> None:
    """Write parquet, with `metadata` (JSON-able) under the key `orion`."""
    with replacing(path) as part:
        table.write_parquet(part, metadata={"orion": json.dumps(dict(metadata or {}), sort_keys=True)})


def read_table(path: str | Path) -> pl.DataFrame:
    """Read a parquet artifact.

    Raises:
        UserError: the file is missing or is no parquet file.
    """
    import polars as pl

    try:
        return pl.read_parquet(path)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except pl.exceptions.PolarsError as error:
        raise UserError(f"{path}: not a readable parquet file ({error})") from None


def read_metadata(path: str | Path) -> dict[str, Any]:
    """The metadata that `write_table` put into a parquet file; empty where there is none."""
    import polars as pl

    metadata: dict[str, Any] = json.loads(pl.read_parquet_metadata(path).get("orion", "{}"))
    return metadata
