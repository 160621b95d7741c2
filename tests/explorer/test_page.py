"""The page as a file: reproducible, self-contained, and built from the committed source."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from orion.explorer.items import Item, entry
from orion.explorer.page import page
from orion.explorer.spec import ExplorerSpec
from tests.analysis.folder import write_study
from tests.explorer.pages import make_page

ROOT = Path(__file__).resolve().parents[2]


def test_the_same_study_gives_the_same_bytes(tmp_path: Path):
    results = write_study(tmp_path)
    said = make_page(results, tmp_path / "a.html")
    make_page(results, tmp_path / "b.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert "7 problems, 31 traces" in said


def test_model_output_stands_nowhere_as_markup(tmp_path: Path):
    results = write_study(tmp_path, ["</script><script>alert(1)</script><img src=x onerror=alert(2)>"])
    make_page(results, tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text()
    assert "alert(" not in text and "onerror=alert" not in text


def test_the_page_fetches_nothing(tmp_path: Path):
    make_page(write_study(tmp_path), tmp_path / "page.html")
    head = (tmp_path / "page.html").read_text().split("<body>")[0]
    assert "default-src 'none'" in head
    assert not re.findall(r"url\((?!data:)", head), "every font lies in the page"
    assert "<link" not in head and "@import" not in head


def test_many_items_lie_in_chunks():
    problem = {"id": "p", "problem": "q", "answer": "1"}
    text = {"role": "answer", "method": "vanilla", "text": "x" * 3000, "verdict": "correct", "tokens": 3}
    items = [Item("s", "bench", problem | {"id": f"p{n}"}, [dict(text)]) for n in range(1000)]
    pieces = [
        piece
        for piece in page(items, ExplorerSpec(students=["s"], methods=["vanilla"], labels={}))
        if 'id="chunk-' in piece
    ]
    assert 5 <= len(pieces) <= 20


def test_an_entry_counts_the_share_of_right_draws():
    traces = [
        {"role": "answer", "method": "orion", "text": "", "verdict": verdict, "tokens": tokens}
        for verdict, tokens in (("correct", 5), ("wrong", 9), ("wrong", 2), ("unverified", 3))
    ]
    found = entry(Item("s", "bench", {"id": "p", "problem": "q", "answer": "1"}, traces))
    assert found["right"] == {"orion": 0.25}
    assert (found["shortest"], found["longest"]) == (2, 9)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("npm") is None, reason="no node and npm here to build the front end with")
def test_a_rebuild_of_the_front_end_gives_the_committed_bytes(tmp_path: Path):
    source = tmp_path / "explorer"
    shutil.copytree(ROOT / "report/explorer", source, ignore=shutil.ignore_patterns("node_modules"))
    for command in (["npm", "ci", "--no-audit", "--no-fund"], ["npm", "run", "build", "--", str(tmp_path / "built")]):
        done = subprocess.run(command, cwd=source, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    for name in ("explorer.js", "explorer.css"):
        built, committed = tmp_path / "built" / name, ROOT / "orion/explorer/assets" / name
        assert built.read_bytes() == committed.read_bytes(), "run `npm ci && npm run build` in report/explorer"
