"""A table as a page: what our tables are written in is markup, nothing else is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from orion.tables.page import body, page

TABLE = """| Method | Acc@1 |
| --- | ---: |
| ORION | **48.0**<br>[38.5, 57.6] |
| <script>alert(1)</script> | <u>7.5</u> |

Scores in percent, *as said*.
"""


def test_numbers_and_intervals_are_set_as_such():
    html = body(TABLE)
    assert '<td class="number"><strong>48.0</strong><br><small>[38.5, 57.6]</small></td>' in html
    assert "<u>7.5</u>" in html and "<p>Scores in percent, <em>as said</em>.</p>" in html


def test_other_markup_stands_there_as_text():
    html = page("main & more", [TABLE, "| a <img src=x onerror=1> |\n| --- |\n| [x](javascript:1) |\n"])
    assert "<script" not in html and "<img" not in html and "href" not in html.split("</head>")[1]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html and "<title>main &amp; more</title>" in html


def test_a_missing_table_is_named(tmp_path: Path):
    command = [sys.executable, "-m", "orion.tables.page", "--title", "t", "--output", str(tmp_path / "t.html")]
    done = subprocess.run([*command, "--tables", str(tmp_path / "no.md")], capture_output=True, text=True)
    assert done.returncode == 2 and "no.md: No such file" in done.stderr
