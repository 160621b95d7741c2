"""Artifacts that are no tables: statistics, weights, figures, pages, stores, folders."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orion.errors import UserError
from orion.show.tables import delimited, markdown, value_lines
from orion.show.text import brief, grid, visible


def stats(path: Path, found: dict[str, Any], width: int) -> Iterator[str]:
    """What a stage took in, kept and dropped, by reason; then whatever else it counted."""
    came, left, dropped = found.get("in"), found["out"], found.get("dropped") or {}
    share = f" of {came:,} ({left / came:.1%})" if came else ""
    yield f"{path}: kept {left:,}{share}"
    for reason, count in sorted(dropped.items(), key=lambda item: (-item[1], item[0])):
        yield f"  {count:>8,} {visible(reason)}"
    rest = {name: value for name, value in found.items() if name not in ("in", "out", "dropped")}
    if rest:
        yield ""
        yield from mapping(rest, width)


def mapping(found: dict[str, Any], width: int) -> Iterator[str]:
    lines = list(value_lines(found))
    longest = max((len(name) for name, _ in lines), default=0)
    for name, value in lines:
        yield f"{visible(name):<{longest}}  {brief(value, max(20, width - longest - 2))}".rstrip()


def weights(path: Path, width: int) -> Iterator[str]:
    """The tensors of a safetensors file, from its header: shapes are counted, nothing is loaded.

    Raises:
        UserError: it is none.
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > 100_000_000:
                raise ValueError("its header is too long")
            header = json.loads(file.read(length))
        tensors = {name: t for name, t in header.items() if name != "__metadata__"}
        sizes = {name: math.prod(t["shape"]) for name, t in tensors.items()}
        kinds = Counter((t["dtype"], name.rsplit(".", 2)[-2], str(t["shape"])) for name, t in tensors.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise UserError(f"{path}: no readable safetensors file ({error})") from None
    size = path.stat().st_size / 1e6
    yield f"{path}: {len(tensors)} tensors, {sum(sizes.values()):,} numbers, {size:.1f} MB"
    rows = [[str(count), kind, module, shape] for (kind, module, shape), count in sorted(kinds.items())]
    yield from grid(["tensors", "type", "module", "shape"], [[visible(cell) for cell in row] for row in rows], width)


def folder(path: Path, width: int) -> Iterator[str]:
    """What lies in a folder. Of a store, what it holds."""
    import polars as pl

    if any(path.glob("*.jsonl")) and (any(path.glob("*.idx")) or (path / "claims").is_dir()):
        yield from store(path)
        return
    rows = []
    for item in sorted(path.iterdir()):
        if item.name.startswith("."):
            continue
        about = (
            f"{sum(1 for below in item.rglob('*') if below.is_file())} files below"
            if item.is_dir()
            else f"{item.stat().st_size:,} bytes"
        )
        if item.suffix == ".parquet":
            about = f"{pl.scan_parquet(item).select(pl.len()).collect().item():,} rows, {about}"
        rows.append([visible(item.name) + ("/" if item.is_dir() else ""), about])
    yield f"{path}: a folder" + ("" if rows else ", empty")
    if rows:
        longest = max(len(name) for name, _ in rows)
        yield from (brief(f"{name:<{longest}}", 200) + f"  {about}" for name, about in rows)


def store(path: Path) -> Iterator[str]:
    """What a store holds. Its own program says more."""
    records = sum(1 for file in path.glob("*.jsonl") for _ in file.open("rb"))
    yield f"{path}: a store with {records:,} responses"
    yield f"  python -m orion.store stats {path}"
    yield f"  python -m orion.store show {path} KEY"


def other(path: Path, rows: int, width: int) -> Iterator[str]:
    """Any other file of the pipeline, by the ending of its name.

    Raises:
        UserError: there is no such file, or it is none that can be shown.
    """
    if path.suffix in (".svg", ".png", ".html") and path.is_file():
        kind = "a page" if path.suffix == ".html" else "a figure"
        yield f"{path}: {kind}, {path.stat().st_size:,} bytes; for a browser: {path.resolve().as_uri()}"
        if (numbers := path.with_suffix(".csv")).is_file():
            yield from delimited(numbers, numbers.read_text(encoding="utf-8"), rows, width)
        return
    if path.suffix in (".idx", ".jsonl") and any(path.parent.glob("*.idx")):
        yield from store(path.parent)
        return
    if path.suffix == ".safetensors":
        yield from weights(path, width)
        return
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError):
        raise UserError(f"{path}: no text and no parquet; only the pipeline's own artifacts can be shown") from None
    if not text.strip():
        yield f"{path}: empty"
    elif path.suffix in (".csv", ".tsv"):
        yield from delimited(path, text, rows, width)
    elif path.suffix == ".md":
        yield from markdown(text, width)
    elif path.suffix == ".json" and isinstance(found := _json(text), dict):
        if isinstance(found.get("out"), int) and isinstance(found.get("dropped", {}), dict):
            yield from stats(path, found, width)
        else:
            yield f"{path}:"
            yield from mapping(found, width)
    else:
        yield visible(text).rstrip("\n")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
