"""The store itself: what is in it (`find`), and how a response gets into it (`append`, `sync`)."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import gc
import os
import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from orion.errors import UserError
from orion.store.segments import (
    LAYOUT,
    MAGIC,
    UNKNOWN,
    Entry,
    Kind,
    account_of,
    decode,
    encode,
    entry_of,
    kind_of,
    read_index,
    scan,
)
from orion.types import Record, Request


class StoreError(UserError):
    """The store cannot be written or read. Whatever it held before is whole."""


class Place(NamedTuple):
    """Where a record lies."""

    segment: Path
    entry: Entry


class Account(NamedTuple):
    """What the store holds of a model: money spent on it over all runs, and finished responses."""

    cost: float = 0.0
    finished: int = 0


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
        self._writer: _Writer | None = None
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
        cost, finished = self._accounts.get(entry.account, (0.0, 0))
        self._accounts[entry.account] = Account(cost + entry.cost, finished + (entry.kind == Kind.FINISHED))

    # Writing

    def append(self, record: Record) -> None:
        """Put a record into the store. It has left this process when this returns, so a killed process keeps it, and
        it is on the disk, power cut or not, when `sync` returns (at most some 20 ms later in any case).

        Raises:
            StoreError: the disk is full or cannot be written. What was there before is whole.
        """
        if self._writer is None:
            self._index()
            self._writer = _Writer(self.path)
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


class _Writer:
    """This process's segment: lines go to the kernel at once, a thread brings them to the disk in groups, and the
    index follows what is on the disk."""

    PAUSE = 0.01  # seconds between two groups: short against a response, long enough for some twenty of them

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.path = folder / f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{secrets.token_hex(4)}.jsonl"
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o666)
        except OSError as error:
            raise StoreError(f"{folder}: the store cannot be written ({error.strerror})") from None
        with contextlib.suppress(OSError):  # says to `prune` that someone writes here; no lock service, no such word
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _sync_folder(folder)
        self.size = 0  # bytes of whole lines
        self.written = 0  # entries in the index
        self._durable = 0
        self._pending: list[Entry] = []
        self._index: int | None = None
        self._index_broken = False
        self._failed: OSError | None = None
        self._closing = False
        self._urgent = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._bring_to_disk, name="store", daemon=True)
        self._thread.start()

    def write(self, record: Record, line: bytes) -> Entry:
        entry = entry_of(record, self.size, line)
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self.size)  # take back the half line
            raise self._error(error) from None
        with self._changed:
            self.size += len(line)
            self._pending.append(entry)
            if len(self._pending) == 1:
                self._changed.notify_all()
        return entry

    def sync(self) -> None:
        with self._changed:
            target = self.size
            self._urgent = True
            self._changed.notify_all()
            while self._durable < target and self._failed is None:
                self._changed.wait()
            self._urgent = False
            if self._failed is not None:
                raise self._error(self._failed)

    def close(self) -> None:
        try:
            self.sync()
        finally:
            with self._changed:
                self._closing = True
                self._changed.notify_all()
            self._thread.join()
            os.close(self._file)
            if self._index is not None:
                os.close(self._index)
            if self.size == 0:
                self.path.unlink(missing_ok=True)

    def _bring_to_disk(self) -> None:
        while True:
            with self._changed:
                while not self._pending and not self._closing:
                    self._changed.wait()
                if not self._pending:
                    return
                group, self._pending = self._pending, []
            try:
                os.fsync(self._file)
            except OSError as error:  # after a failed fsync nothing is known about the pages: stop here
                with self._changed:
                    self._failed = error
                    self._changed.notify_all()
                return
            self._write_index(group)
            with self._changed:
                self._durable = group[-1].offset + group[-1].length
                self._changed.notify_all()
                if not self._urgent and not self._closing:
                    self._changed.wait(self.PAUSE)

    def _write_index(self, group: list[Entry]) -> None:
        """The index is a shortcut: if it cannot be written it simply ends here, and readers scan the rest."""
        if self._index_broken:
            return
        try:
            if self._index is None:
                path = self.path.with_suffix(".idx")
                self._index = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o666)
                os.write(self._index, MAGIC)
            data = b"".join(LAYOUT.pack(*entry) for entry in group)
            if os.write(self._index, data) != len(data):
                raise OSError(errno.ENOSPC, "short write")
            self.written += len(group)
        except OSError:
            self._index_broken = True

    def _error(self, error: OSError) -> StoreError:
        why = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else error.strerror
        return StoreError(
            f"{self.path.parent}: {why}; everything received before is kept, make room and run again to go on"
        )


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems have no such call
            os.fsync(handle)
    finally:
        os.close(handle)
