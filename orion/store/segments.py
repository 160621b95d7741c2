"""The store's format on disk: segments of JSON lines, each with a sidecar index of fixed-size entries.

`STAMP-TOKEN.jsonl` holds one record a line and is written by one process only, which alone appends to it; so two
processes never write the same file, on whatever file system. `STAMP-TOKEN.idx` is only a shortcut: it is read first,
what it does not cover is scanned from the lines, and it can be deleted at any time.
"""

from __future__ import annotations

import contextlib
import json
import struct
import zlib
from collections.abc import Iterator, Mapping
from enum import IntEnum
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from orion import responses
from orion.types import Record

# Raise the number when what an entry says of a record changes: old indexes are then made anew from the lines.
MAGIC = b"orion-index-1\n\0\0"
LAYOUT = struct.Struct("<32s8sQIIIIIBdd")
UNKNOWN = 2**32 - 1


class Kind(IntEnum):
    """What a record is to a request of its key."""

    FINISHED = 0  # a response that ended by itself: serves every token limit it fits into
    CUT = 1  # a response cut off by the token limit: serves exactly that limit
    REFUSED = 2  # an error for good: serves exactly that limit
    FAILED = 3  # an attempt that gave nothing: serves nothing, kept for the account
    UNREAD = 4  # our own parser raised: decided when it is read


class Entry(NamedTuple):
    """A record without its texts. `length` counts the line with its newline; `account` tells paying models apart."""

    key: bytes
    account: bytes
    offset: int
    length: int
    crc: int
    max_tokens: int
    prompt_tokens: int
    completion_tokens: int
    kind: int
    cost: float
    time: float


def account_of(model: str) -> bytes:
    return sha256(model.encode()).digest()[:8]


def encode(record: Record) -> bytes:
    """The line of a record."""
    fields = {name: getattr(record, name) for name in Record.__dataclass_fields__}
    try:
        text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"), default=_plain).encode()
    except UnicodeEncodeError:  # a lone surrogate: only \u escapes can carry it
        text = json.dumps(fields, separators=(",", ":"), default=_plain).encode()
    return text + b"\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a record holds {type(value).__name__}, which JSON cannot")


def decode(line: bytes) -> Record:
    """The record of a line.

    Raises:
        ValueError: the line is torn or not a record.
    """
    value = json.loads(line)
    try:
        return Record(**value)
    except TypeError as error:
        raise ValueError(str(error)) from None


def entry_of(record: Record, offset: int, line: bytes) -> Entry:
    prompt = completion = None
    if isinstance(record.raw, Mapping):
        with contextlib.suppress(Exception):
            prompt, completion = responses.usage(record.raw)
    return Entry(
        key=bytes.fromhex(record.key),
        account=account_of(str(record.request.get("model", ""))),
        offset=offset,
        length=len(line),
        crc=zlib.crc32(line),
        max_tokens=record.max_tokens,
        prompt_tokens=UNKNOWN if prompt is None else prompt,
        completion_tokens=UNKNOWN if completion is None else completion,
        kind=kind_of(record),
        cost=float(record.meta.get("cost") or 0.0),
        time=float(record.meta.get("time") or 0.0),
    )


def kind_of(record: Record) -> Kind:
    if not responses.is_final(record.status):
        return Kind.FAILED
    if record.status != "ok":
        return Kind.REFUSED
    try:
        return Kind.CUT if responses.parse(record).truncated else Kind.FINISHED
    except Exception:  # whatever is wrong with our reading, the record must not be lost or bought again for it
        return Kind.UNREAD


def read_index(path: Path, skip: int = 0) -> list[Entry]:
    """The entries of an index from the `skip`-th on; none if there is no index, or one of another layout."""
    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                return []
            file.seek(skip * LAYOUT.size, 1)
            data = file.read()
    except FileNotFoundError:
        return []
    whole = len(data) - len(data) % LAYOUT.size
    return [Entry._make(fields) for fields in LAYOUT.iter_unpack(memoryview(data)[:whole])]


def scan(path: Path, start: int = 0) -> Iterator[tuple[Entry | None, bytes]]:
    """(entry, line) of each line from byte `start` on; the entry is None for a line that is torn or damaged."""
    with path.open("rb") as file:
        file.seek(start)
        offset = start
        for line in file:
            entry = None
            if line.endswith(b"\n"):
                try:
                    entry = entry_of(decode(line), offset, line)
                except (ValueError, AttributeError, TypeError):
                    entry = None
            yield entry, line
            offset += len(line)
