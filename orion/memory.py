"""How much memory this job may still take: of the machine, and of the control group that a scheduler put it in."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

GIB = 1 << 30
_VERSIONS = (  # of control groups: files with the limit, with what is in use, and its part that is given back on demand
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def free_bytes(root: Path = Path("/")) -> int | None:
    """Bytes of main memory that can be had without pushing others out; None where the system does not say."""
    found = []
    with suppress(OSError, ValueError, KeyError):
        found.append(_table(root / "proc/meminfo")["MemAvailable"] * 1024)
    for folder in _groups(root):
        for limit, used, spare in _VERSIONS:
            with suppress(OSError, ValueError):  # no such file, or "max"
                most = int((folder / limit).read_text())
                found.append(most - int((folder / used).read_text()) + _table(folder / "memory.stat").get(spare, 0))
    return max(0, min(found)) if found else None


def _table(path: Path) -> dict[str, int]:
    rows = (line.replace(":", " ").split() for line in path.read_text().splitlines())
    return {row[0]: int(row[1]) for row in rows}


def _groups(root: Path) -> list[Path]:
    """Folders of this process's control groups for memory, and of those above it: each may limit."""
    folders: list[Path] = []
    with suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, kinds, path = line.split(":", 2)
            if kinds in ("", "memory"):
                top = root / "sys/fs/cgroup" / kinds
                own = top / path.lstrip("/")
                folders += [own, *(above for above in own.parents if above.is_relative_to(top))]
    return folders
