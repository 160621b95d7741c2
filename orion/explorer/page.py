"""Items -> one HTML file that works from a disk, without a server and without network.

The data lies in the file as gzip in base64, an index and chunks of whole items, each in a script element that no
browser runs; the front end (assets/, built from report/explorer) unpacks what is looked at. A content security policy
lets nothing run but the front end and nothing be fetched at all. The same items give the same bytes.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from orion.explorer.items import Item, detail, entry
from orion.explorer.spec import ExplorerSpec

ASSETS = Path(__file__).parent / "assets"
CHUNK = 400_000  # characters of JSON before packing: read in a few milliseconds

KEYS = "j k or arrows: next, previous · /: search · d: differences · n p: next, previous rewrite · Esc: leave a field"


def packed(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # Halves of surrogate pairs, which a model's broken output may hold, are no UTF-8.
    return base64.b64encode(gzip.compress(text.encode("utf-8", "replace"), 6, mtime=0)).decode()


def chunks(items: Sequence[Item]) -> Iterator[list[dict[str, Any]]]:
    """Whole items in pieces of about CHUNK characters, one at least."""
    piece: list[dict[str, Any]] = []
    size = 0
    for item in items:
        piece.append(detail(item))
        size += sum(len(t["text"]) + len(t.get("reasoning", "")) + 400 for t in item.traces) + 400
        if size >= CHUNK:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


def page(items: Sequence[Item], spec: ExplorerSpec) -> Iterator[str]:
    """The file, piece by piece."""
    script = (ASSETS / "explorer.js").read_text(encoding="utf-8").replace("</script", "<\\/script")
    style = (ASSETS / "explorer.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; font-src data:"
    yield (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Traces</title>\n'
        f"<style>{style}</style></head>\n<body><div id=bar role=search></div>\n"
        '<nav id=list role=listbox aria-label="Problems" tabindex=0></nav><main id=trace></main>\n'
        f"<dialog id=help><p>{KEYS}</p><form method=dialog><button>Close</button></form></dialog>\n"
    )
    entries = [entry(item) for item in items]
    where = iter(entries)
    number = -1
    for number, piece in enumerate(chunks(items)):
        for place in range(len(piece)):
            next(where).update(chunk=number, place=place)
        yield f'<script type="application/gzip" id="chunk-{number}">{packed(piece)}</script>\n'
    answered = {method for e in entries for method in e["methods"]}
    methods = [method for method in spec.methods if method in answered]
    index = {
        "entries": entries,
        "chunks": number + 1,
        "students": list(dict.fromkeys(item.student for item in items)),
        "sets": list(dict.fromkeys(item.set for item in items)),
        "methods": methods,
        "labels": spec.labels,
        "base": spec.base or (methods[0] if methods else ""),
        "types": sorted({name for e in entries for name in e["types"]}),
    }
    yield f'<script type="application/gzip" id="index">{packed(index)}</script>\n'
    yield f"<script>{script}</script></body></html>\n"
