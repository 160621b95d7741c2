"""Where every response goes first and stays for good: a folder of append-only JSON lines, one file per writing process.

`segments.py` is the format on disk, `store.py` the `Store`; `python -m orion.store` shows what a folder holds.
"""

from orion.store.segments import Entry, Kind
from orion.store.store import Account, Store
from orion.store.writer import StoreError

__all__ = ["Account", "Entry", "Kind", "Store", "StoreError"]
