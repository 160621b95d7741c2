"""Items -> one HTML file that works from a disk, without a server and without network.

One file, not a folder: it can be sent, opened and put into a report as it is, and its content security policy lets
nothing run but the front end (assets/, built from report/explorer) and nothing be fetched at all, which a page that
loads its data from files beside it could not say. The data lies in it as gzip in base64: the index in front, then
chunks of whole items, each in a script element that no browser runs. The front end stands before the chunks, works
while they arrive, and unpacks what is looked at. The same items give the same bytes.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

from orion.explorer.items import Item, detail, entry
from orion.explorer.spec import ExplorerSpec

ASSETS = Path(__file__).parent / "assets"
CHUNK = 400_000  # characters of JSON before packing: unpacked in a few milliseconds

KEYS = {
    "j k ↓ ↑": "next, previous problem",
    "n p → ←": "next, previous rewrite or draw",
    "Space PageUp": "scroll",
    "/": "search; Esc leaves the field",
    "d": "mark differences",
    "c": "copy a link to what is shown",
}


def packed(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # Halves of surrogate pairs, which a model's broken output may hold, are no UTF-8.
    return base64.b64encode(gzip.compress(text.encode("utf-8", "replace"), 6, mtime=0)).decode()


def chunks(items: Sequence[Item]) -> Iterator[list[Item]]:
    """Whole items in pieces of about CHUNK characters, one at least."""
    piece: list[Item] = []
    size = 0
    for item in items:
        piece.append(item)
        size += sum(len(t["text"]) + len(t.get("reasoning", "")) + 400 for t in item.traces) + 400
        if size >= CHUNK:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


def index_of(items: Sequence[Item], spec: ExplorerSpec, note: str) -> dict[str, Any]:
    """What the list, the filters and the search need to know of all items."""
    entries = []
    number = -1
    for number, piece in enumerate(chunks(items)):
        entries += [entry(item) | {"chunk": number, "place": place} for place, item in enumerate(piece)]
    answered = {method for e in entries for method in e["right"]}
    methods = [method for method in spec.methods if method in answered]
    return {
        "entries": entries,
        "chunks": number + 1,
        "traces": sum(len(item.traces) for item in items),
        "students": list(dict.fromkeys(item.student for item in items)),
        "sets": list(dict.fromkeys(item.set for item in items)),
        "methods": methods,
        "labels": spec.labels,
        "note": note,
        "base": spec.base or (methods[0] if methods else ""),
        "types": sorted({e["type"] for e in entries} - {""}),
    }


def page(items: Sequence[Item], spec: ExplorerSpec, note: str = "") -> Iterator[str]:
    """The file, piece by piece; `note` says what it leaves out."""
    script, compare, style, licences = (
        (ASSETS / name).read_text(encoding="utf-8")
        for name in ("explorer.js", "compare.js", "explorer.css", "licences.txt")
    )
    script, compare = (text.replace("</script", "<\\/script") for text in (script, compare))
    # The comparison runs in a worker, made of a text of this page; nothing else may become a script.
    policy = (
        f"default-src 'none'; base-uri 'none'; form-action 'none'; script-src '{_digest(script)}'; "
        f"style-src '{_digest(style)}'; font-src data:; worker-src blob:; "
        "require-trusted-types-for 'script'; trusted-types lit-html orion"
    )
    keys = "".join(
        f"<dt>{' '.join(f'<kbd>{escape(k)}</kbd>' for k in key.split())}</dt><dd>{escape(does)}</dd>"
        for key, does in KEYS.items()
    )
    yield (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Traces</title>\n'
        f"<style>{style}</style></head>\n<body><aside id=side><div id=bar role=search></div>"
        "<nav id=list role=listbox aria-label=Problems tabindex=0></nav></aside>\n"
        "<main id=trace tabindex=-1><p class=hint>Reading …</p></main>"
        "<noscript>This page needs JavaScript.</noscript>\n"
        f"<dialog id=help><dl>{keys}</dl><details><summary>Licences of the libraries in this page"
        f"</summary><pre>{escape(licences)}</pre></details>"
        "<form method=dialog><button>Close</button></form></dialog>\n"
        f'<script type="text/plain" id="compare">{compare}</script>\n'
        f'<script type="application/gzip" id="index">{packed(index_of(items, spec, note))}</script>\n'
        f"<script>{script}</script>\n"
    )
    for number, piece in enumerate(chunks(items)):
        yield f'<script type="application/gzip" id="chunk-{number}">{packed([detail(i) for i in piece])}</script>\n'
    yield "</body></html>\n"


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
