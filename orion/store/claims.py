"""Who is asking for what right now: so that two runs on one store at once do not buy the same response twice.

A run that is about to ask writes the keys into a file of its own and holds a lock on it; the lock goes with the
process, however that ends. Another run leaves those keys alone until they are in the store or the lock is gone. Where
a file system has no locks, runs simply do not see each other's claims.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SIZE = 32  # bytes of a key


class Claims:
    def __init__(self, store: Path) -> None:
        self._folder = store / "claims"

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Only one process at a time is inside: look at what is there, then claim."""
        self._folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._folder / "turn", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            with contextlib.suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def of_others(self) -> set[str]:
        """Keys that other living runs have claimed. What dead ones left is cleared away."""
        keys: set[str] = set()
        for path in self._folder.glob("*.keys"):
            with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    data = file.read()
                    keys.update(data[at : at + SIZE].hex() for at in range(0, len(data), SIZE))
                except OSError:  # no locks here: nothing can be known about its writer
                    continue
                else:
                    path.unlink(missing_ok=True)
        return keys

    @contextmanager
    def holding(self, keys: Sequence[str]) -> Iterator[None]:
        """Claim keys until the block ends. To be entered in one's `turn`, and held beyond it."""
        path = self._folder / f"{secrets.token_hex(8)}.keys"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            with contextlib.suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with os.fdopen(os.dup(handle), "wb") as file:
                file.write(b"".join(bytes.fromhex(key) for key in keys))
            yield
        finally:
            path.unlink(missing_ok=True)
            os.close(handle)
