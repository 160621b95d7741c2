"""Packages that some tests use and no stage needs, from `make peers`: programs that they start see them, we do not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PEERS = Path(os.environ.get("ORION_PEERS", ROOT / ".venv-peers"))
needs_peers = pytest.mark.skipif(not PEERS.is_dir(), reason="no .venv-peers here: make peers")


def with_peers() -> dict[str, str]:
    """The environment of a program that is to see them."""
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(PEERS), str(ROOT)])}
