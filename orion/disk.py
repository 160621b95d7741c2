"""`python -m orion.disk`: what a study leaves on the disk, by size, and what of it no artifact needs.

It lists; `--prune KIND ...` says what it would delete, and with `--yes` deletes it. What was paid for is safe: neither
the store (`python -m orion.store prune` is for that) nor any artifact of the study as configured is ever touched.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from orion import cli
from orion.config.study import Study
from orion.plan import read_study
from orion.tables.paths import place

DAY = 86_400
KINDS = {
    "orphans": "artifacts, logs and measurements of students, methods and seeds that the config no longer names",
    "shelf": "finished adapters that no adapter of the results came from; an edit taken back would train them again",
    "unfinished": "checkpoints of trainings that are finished, or that nobody went on with for a week",
    "parts": "half-written files that killed jobs left, older than a day",
}


class Item(NamedTuple):
    """A file or folder. `kind` names why no artifact needs it; empty for what is needed."""

    what: str
    path: Path
    bytes: int
    kind: str = ""


def size(path: Path) -> int:
    """Bytes of a file, or of all files of a folder; links are not followed."""
    if path.is_symlink() or not path.is_dir():
        return path.lstat().st_size
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            total += Path(folder, name).lstat().st_size
    return total


def items(study: Study, directory: Path, now: float | None = None) -> Iterator[Item]:
    """Everything that the study keeps below `directory`, and its store and shelf wherever they are."""
    now = time.time() if now is None else now
    for root in ("results", "logs", "benchmarks"):
        yield from _artifacts(study, directory / root, now)
    yield from _shelf(directory / study.shelf, directory / "results", now)
    for what, path in (("store", directory / study.store), ("snakemake", directory / ".snakemake")):
        if path.exists():
            yield Item(what, path, size(path))


def _artifacts(study: Study, root: Path, now: float) -> Iterator[Item]:
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            status = path.lstat()
            part = any(p.startswith(".") and (".part" in p or p.startswith(".adapter.")) for p in path.parts)
            kind = "orphans" if _orphan(study, path.relative_to(root)) else ""
            if part:
                kind = "parts" if now - status.st_mtime > DAY else ""
            what = place(Path("results") / path.relative_to(root)).stage if root.name == "results" else root.name
            yield Item(what, path, status.st_size, kind)


def _orphan(study: Study, path: Path) -> bool:
    """Whether an artifact belongs to a student, method or seed that the study does not have. Paths that do not follow
    the pattern are not ours to judge."""
    parts = path.parts
    if parts[0] == "models":
        return len(parts) > 2 and parts[1] not in study.students
    if parts[0] in ("analysis", "figures"):
        if len(parts) < 3 or parts[1] == "outside":  # the model from outside is no student
            return False
        if parts[1] not in study.students:
            return True
        if parts[2] == "likelihood":  # of a training set: READER/METHOD/STAGE
            return len(parts) > 5 and parts[4] not in study.methods
        return parts[2] == "again" and _orphan(study, Path(parts[1], *parts[3:]))
    if len(parts) < 4 or not parts[2].startswith("seed"):  # STUDENT/METHOD/seedN/...
        return False
    student, method, seed = parts[0], parts[1], parts[2].removeprefix("seed")
    named = student in study.students and method in study.methods
    return seed.isdigit() and not (named and int(seed) in study.seeds_of(method))


def _shelf(shelf: Path, results: Path, now: float) -> Iterator[Item]:
    used = set()
    for made in results.glob("*/*/seed*/*/adapter/training.json"):
        used.add(json.loads(made.read_text(encoding="utf-8")).get("key"))
    finished = set()
    for adapter in shelf.glob("??/*"):
        if adapter.name.startswith("."):
            yield Item("shelf", adapter, size(adapter), "parts" if now - adapter.stat().st_mtime > DAY else "")
            continue
        finished.add(adapter.name)
        yield Item("shelf", adapter, size(adapter), "" if adapter.name in used else "shelf")
    for checkpoint in shelf.glob("unfinished/*"):
        if checkpoint.is_dir():
            newest = max((path.stat().st_mtime for path in checkpoint.rglob("*")), default=checkpoint.stat().st_mtime)
            stale = checkpoint.name in finished or now - newest > 7 * DAY
            yield Item("unfinished trainings", checkpoint, size(checkpoint), "unfinished" if stale else "")


def prune(found: Iterable[Item]) -> int:
    """Delete items; the bytes that came free. Folders that are empty afterwards go too."""
    freed = 0
    for item in found:
        if item.path.is_dir() and not item.path.is_symlink():
            shutil.rmtree(item.path)
        else:
            item.path.unlink(missing_ok=True)
        freed += item.bytes
        parent = item.path.parent
        while parent.exists() and not any(parent.iterdir()):
            parent.rmdir()
            parent = parent.parent
    return freed


def amount(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"


def text_of(found: list[Item]) -> str:
    """The list for people: largest first."""
    groups: dict[str, list[Item]] = {}
    for item in found:
        groups.setdefault(item.what, []).append(item)
    lines = [
        f"{amount(sum(i.bytes for i in group)):>10}  {what} ({len(group)})"
        for what, group in sorted(groups.items(), key=lambda pair: -sum(i.bytes for i in pair[1]))
    ]
    lines.append(f"{amount(sum(item.bytes for item in found)):>10}  all")
    for kind, text in KINDS.items():
        unused = [item.bytes for item in found if item.kind == kind]
        if unused:
            lines.append(f"--prune {kind}: {amount(sum(unused))}, {text}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orion.disk", description=__doc__)
    parser.add_argument("--configfile", type=Path, help="the study; default: the embedded one")
    parser.add_argument("--directory", type=Path, default=Path(), help="where its results are; default: here")
    parser.add_argument("--prune", nargs="+", choices=KINDS, default=[], help="what to delete")
    parser.add_argument("--yes", action="store_true", help="delete it, instead of saying what would be deleted")
    arguments = parser.parse_args()
    found = list(items(read_study(arguments.configfile), arguments.directory))
    chosen = [item for item in found if item.kind in arguments.prune]
    if not arguments.prune:
        print(text_of(found))
    elif arguments.yes:
        print(f"{amount(prune(chosen))} came free")
    else:
        for item in chosen:
            print(f"{amount(item.bytes):>10}  {item.path}")
        print(f"{amount(sum(item.bytes for item in chosen)):>10}  would come free; add --yes to delete it")


if __name__ == "__main__":
    cli.run(main)
