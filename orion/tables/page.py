"""`python -m orion.tables.page`: a table of Markdown as a page of its own, for the report.

Of markup only what our tables are written in means anything (rows, bold, underlined, line breaks); everything else
stands there as it is. Intervals are set smaller than the numbers that they belong to. The page has no scripts and
fetches nothing.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from orion import cli
from orion.errors import UserError

STYLE = """
:root { color-scheme: light dark; --line: light-dark(#d5d5d0, #3a3c40); --faint: light-dark(#5b5e63, #a3a6aa);
  --paper: light-dark(#fff, #17181a); }
body { font: 14px/1.45 Inter, system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; margin: 1.5rem;
  color: light-dark(#1d1e20, #e3e3e0); background: var(--paper); }
h1 { font-size: 1.1rem; } h2 { font-size: 1rem; margin-top: 2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
thead { border-bottom: 1px solid currentColor; } tbody tr + tr { border-top: 1px solid var(--line); }
table { border-top: 2px solid currentColor; border-bottom: 2px solid currentColor; }
th, td { padding: .35rem .7rem; text-align: left; vertical-align: top; }
th { font-weight: 600; vertical-align: bottom; } td:not(:first-child) { white-space: nowrap; }
td.text { white-space: normal; min-width: 14rem; }
.number { text-align: right; } small { color: var(--faint); font-size: .8em; }
p { max-width: 65rem; color: var(--faint); font-size: .85rem; }
"""
HEAD = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
)


def body(markdown: str) -> str:
    """Markdown with tables as HTML."""
    from markdown_it import MarkdownIt

    html: str = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)
    html = re.sub(r"&lt;(br|u|/u)&gt;", r"<\1>", html)
    html = re.sub(r"<br>([^<]*)", r"<br><small>\1</small>", html)
    html = html.replace(' style="text-align:right"', ' class="number"').replace("<table>", "<div class=wide><table>")
    html = re.sub(r"<td>([^<]{60,})", r"<td class=text>\1", html)
    return html.replace("</table>", "</table></div>")


def page(title: str, tables: Sequence[str]) -> str:
    """The file; `tables` are in Markdown, each with its caption below."""
    parts = "\n".join(body(table) for table in tables)
    return f"{HEAD}<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>{parts}</body></html>\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orion.tables.page", description=__doc__)
    parser.add_argument("--tables", required=True, nargs="+", type=Path, help=".md files of results/tables, in order")
    parser.add_argument("--title", required=True)
    parser.add_argument("--output", required=True, type=Path, help="the page")
    arguments = parser.parse_args()

    from orion.files import write_text

    try:
        tables = [path.read_text(encoding="utf-8") for path in arguments.tables]
    except OSError as error:
        raise UserError(f"{error.filename}: {error.strerror}") from None
    write_text(arguments.output, page(arguments.title, tables))
    print(arguments.output)


if __name__ == "__main__":
    cli.run(main)
