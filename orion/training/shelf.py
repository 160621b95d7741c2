"""The shelf: finished adapters under a key of what made them, so that no adapter is trained twice.

Snakemake reruns training when an upstream file was rewritten, even with the same rows. The key is made from content:
the token ids and weights that the rows become (so the chat template counts, the file's bytes do not), the
hyper-parameters, the model's revision, the start adapter's digest, the seed and the code that computes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from orion.code import own_digest
from orion.config.training import TrainingSpec
from orion.students import Manifest, adapter_digest
from orion.training.rows import Example
from orion.types import digest

# What computes an adapter from examples, and no module that these import: rows, templates and models are in the key by
# their content, so an edit of what reads them retrains nothing.
_CODE = tuple(
    f"orion.training.{name}"
    for name in ("attention", "batches", "held_out", "kernels", "loop", "lora", "losses", "model", "team")
)


def training_key(
    spec: TrainingSpec, manifest: Manifest, examples: Sequence[Example], start: Path | None, seed: int
) -> str:
    """sha256, as hex, of all that decides the adapter."""
    training = spec.training.model_dump(mode="json", exclude_none=True, exclude={"tracker", "max_length"})
    rows = [[[side.ids, side.start, side.weights] for side in example.sides] for example in examples]
    made_of = {
        "objective": spec.objective,
        "training": training,
        "model": manifest.revision,
        "rows": digest(rows),
        "start": adapter_digest(start) if start else None,
        "seed": seed,
        "code": own_digest(*_CODE, f"orion.training.objectives.{spec.objective}"),
    }
    return digest(made_of)


def copy_folder(source: Path, target: Path) -> None:
    """Copy a folder of files, whole or not at all, in place of `target`. Copies are new files, not links: Snakemake
    reads their times, and what one output's user does to them must not reach the shelf."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(source, part, copy_function=shutil.copyfile)
    if target.exists():
        shutil.rmtree(target)
    part.replace(target)


class Shelf:
    def __init__(self, folder: Path, key: str) -> None:
        self.place = folder / key[:2] / key

    def take(self, adapter: Path, log: Path) -> bool:
        """Put the outputs in place if they stand here; says whether they did."""
        if not self.place.is_dir():
            return False
        adapter.parent.mkdir(parents=True, exist_ok=True)
        log.parent.mkdir(parents=True, exist_ok=True)
        copy_folder(self.place / "adapter", adapter)
        shutil.copyfile(self.place / "training_log.parquet", log)
        return True

    def put(self, adapter: Path, log: Path) -> None:
        if self.place.is_dir():
            return
        part = self.place.with_name(f".{self.place.name}.{os.getpid()}.part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        shutil.copytree(adapter, part / "adapter", copy_function=shutil.copyfile)
        shutil.copyfile(log, part / "training_log.parquet")
        part.replace(self.place)
