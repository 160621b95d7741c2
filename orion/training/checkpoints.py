"""Where a killed training goes on: its trainable weights, optimiser and log, outside the declared outputs.

Nothing random needs saving: each step draws its seed from the run's seed and its own number. A checkpoint lies in a
folder named by the key of the training, so that it can only ever resume the training that it came from.
"""

from __future__ import annotations

import fcntl
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from orion.files import replacing


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Two jobs that would train the same adapter: the second waits, and then finds it on the shelf."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another job trains the same adapter; waiting for it", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            Path(lock.name).unlink(missing_ok=True)


class Checkpoints:
    def __init__(self, folder: Path, every: float) -> None:
        self.folder = folder
        self.every = every  # seconds
        self.last = time.monotonic()

    @property
    def path(self) -> Path:
        return self.folder / "checkpoint.pt"

    @property
    def pieces(self) -> Path:
        """A folder for checkpoints that several processes write, a piece each."""
        return self.folder / "pieces"

    def saved(self) -> None:
        self.last = time.monotonic()

    def due(self) -> bool:
        return time.monotonic() - self.last >= self.every

    def save(self, state: dict[str, Any]) -> None:
        import torch

        with replacing(self.path) as part:
            torch.save(state, part)
        self.saved()

    def load(self) -> dict[str, Any] | None:
        import torch

        if not self.path.exists():
            return None
        state: dict[str, Any] = torch.load(self.path, map_location="cpu", weights_only=True)
        return state

    def prune(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
