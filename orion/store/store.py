"""The store itself: what is in it (`find`), and how a response gets into it (`append`, `sync`)."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from orion.store.segments import (
    UNKNOWN,
    Entry,
    Kind,
    account_of,
    decode,
    encode,
    kind_of,
    read_index,
    scan,
)
from orion.store.writer import StoreError, Writer
from orion.types import Record, Request


class Place(NamedTuple):
    """Where a record lies."""

    segment: Path
    entry: Entry


class Account(NamedTuple):
    """What the store holds of a model: money spent on it over all runs, `ours` by this `Store`; finished responses."""

    cost: float = 0.0
    finished: int = 0
    ours: float = 0.0


class _Known:
    """How far a segment has been read: bytes of lines, entries of the index."""

    __slots__ = ("covered", "indexed")

    def __init__(self) -> None:
        self.covered = 0
        self.indexed = 0


class Store:
    """A folder of responses. Cheap to build; the index is read at the first question, the folder made at the first
    `append`. One `Store` belongs to one process; any number of processes may use the same folder at once."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._places: dict[bytes, list[Place]] | None = None
        self._known: dict[Path, _Known] = {}
        self._writer: Writer | None = None
        self._handles: dict[Path, int] = {}
        self._accounts: dict[bytes, Account] = {}

    # Reading

    def find(self, request: Request) -> Record | None:
        """The record that answers `request`, if there is one: a response that ended by itself within the request's
        token limit, or one cut off (or refused) at exactly that limit. A cut-off one is asked again under another."""
        place = self.place(request.key, request.sampling.max_tokens)
        return None if place is None else self.read(place)

    def place(self, key: str, max_tokens: int) -> Place | None:
        """Where the record lies that answers a key under a token limit; nothing but the index is read."""
        for place in self._index().get(bytes.fromhex(key), ()):
            if self._serves(place, max_tokens):
                return place
        return None

    def _serves(self, place: Place, max_tokens: int) -> bool:
        entry = place.entry
        kind, completion = entry.kind, entry.completion_tokens
        if kind == Kind.UNREAD:
            record = self.read(place)
            kind = kind_of(record)
            if kind == Kind.UNREAD:  # still unreadable: it is ours to mend, not to be asked again
                return True
        if kind == Kind.FINISHED:
            return max_tokens >= entry.max_tokens or (completion != UNKNOWN and completion <= max_tokens)
        return kind in (Kind.CUT, Kind.REFUSED) and entry.max_tokens == max_tokens

    def read(self, place: Place) -> Record:
        """The record at a place.

        Raises:
            StoreError: the lines there were changed or damaged.
        """
        entry = place.entry
        try:
            handle = self._handles.get(place.segment)
            if handle is None:
                handle = self._handles[place.segment] = os.open(place.segment, os.O_RDONLY)
            record = decode(os.pread(handle, entry.length, entry.offset))
        except (OSError, ValueError):
            record = None
        if record is None or record.key != entry.key.hex():
            raise StoreError(
                f"{place.segment}: the record at byte {entry.offset} is damaged or the index is not this file's; "
                f"`python -m orion.store verify --repair {self.path}` says what is whole and makes the index anew"
            )
        return record

    def places(self) -> Iterator[Place]:
        """Everything that the index lists, failed attempts included."""
        for places in self._index().values():
            yield from places

    def records(self) -> Iterator[Record]:
        """Everything in the store, failed attempts included."""
        for place in self.places():
            yield self.read(place)

    def account(self, model: str) -> Account:
        """What was spent on a model (in the currency of its price table) and received from it, over all runs."""
        self._index()
        return self._accounts.get(account_of(model), Account())

    def recent(self, model: str, since: float) -> list[Entry]:
        """A model's records taken after the time `since` (seconds since the epoch), oldest first."""
        account = account_of(model)
        found = [p.entry for p in self.places() if p.entry.time >= since and p.entry.account == account]
        return sorted(found, key=lambda entry: entry.time)

    def __len__(self) -> int:
        return sum(len(places) for places in self._index().values())

    def refresh(self) -> None:
        """Take in what other processes have added since."""
        if self._places is None:
            self._places = {}
        collecting = gc.isenabled()
        gc.disable()  # entries are many small objects without cycles: the collector would look at all, again and again
        try:
            for segment in sorted(self.path.glob("*.jsonl")):
                if self._writer is None or segment != self._writer.path:
                    self._take_in(segment)
        finally:
            if collecting:
                gc.enable()

    def _index(self) -> dict[bytes, list[Place]]:
        if self._places is None:
            self.refresh()
        assert self._places is not None
        return self._places

    def _take_in(self, segment: Path) -> None:
        known = self._known.setdefault(segment, _Known())
        try:
            size = segment.stat().st_size
        except FileNotFoundError:  # pruned meanwhile
            return
        if size == known.covered:
            return
        entries = read_index(segment.with_suffix(".idx"), known.indexed)
        known.indexed += len(entries)
        for entry in entries:
            if entry.length and entry.offset == known.covered and entry.offset + entry.length <= size:
                self._add(segment, entry)
                known.covered += entry.length
        if known.covered == size:
            return
        for found, line in scan(segment, known.covered):
            if not line.endswith(b"\n"):  # torn by a crash, or just being written
                break
            if found is not None:
                self._add(segment, found)
            known.covered += len(line)

    def _add(self, segment: Path, entry: Entry) -> None:
        assert self._places is not None
        self._places.setdefault(entry.key, []).append(Place(segment, entry))
        account = self._accounts.get(entry.account, Account())
        ours = entry.cost if self._writer is not None and segment == self._writer.path else 0.0
        self._accounts[entry.account] = Account(
            account.cost + entry.cost, account.finished + (entry.kind == Kind.FINISHED), account.ours + ours
        )

    # Writing

    def append(self, record: Record) -> None:
        """Put a record into the store. It has left this process when this returns, so a killed process keeps it, and
        it is on the disk, power cut or not, when `sync` returns (at most some 20 ms later in any case).

        Raises:
            StoreError: the disk is full or cannot be written. What was there before is whole.
        """
        if self._writer is None:
            self._index()
            self._writer = Writer(self.path)
        line = encode(record)
        entry = self._writer.write(record, line)
        self._add(self._writer.path, entry)

    def sync(self) -> None:
        """Returns when everything appended is on the disk."""
        if self._writer is not None:
            self._writer.sync()

    def close(self) -> None:
        while self._handles:
            os.close(self._handles.popitem()[1])
        if self._writer is not None:
            self._writer.close()
            self._known[self._writer.path] = known = _Known()
            known.covered = self._writer.size
            known.indexed = self._writer.written
            self._writer = None

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
