"""How responses get to the disk: this process's segment, synced in groups, with its index behind it."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import threading
import time
from pathlib import Path

from orion.errors import UserError
from orion.store.segments import LAYOUT, MAGIC, Entry, entry_of
from orion.types import Record


class StoreError(UserError):
    """The store cannot be written or read. Whatever it held before is whole."""


class Writer:
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
