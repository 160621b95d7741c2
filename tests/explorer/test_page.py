"""The page as a file: reproducible, self-contained, and built from the committed source."""

from __future__ import annotations

import base64
import gzip
import json
import random
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from orion.explorer.excerpt import LARGEST, excerpt
from orion.explorer.items import Item, Policy, benchmark_items, draws_that_fit, entry, training_items
from orion.explorer.page import page
from orion.explorer.spec import ExplorerSpec
from orion.files import read_table
from tests.analysis.folder import write_study
from tests.explorer.pages import make_page

ROOT = Path(__file__).resolve().parents[2]


def index_in(page: str) -> dict[str, Any]:
    return json.loads(gzip.decompress(base64.b64decode(re.search(r'id="index">([^<]*)<', page)[1])))


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


def test_nothing_but_the_front_end_may_run(tmp_path: Path):
    make_page(write_study(tmp_path), tmp_path / "page.html")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', (tmp_path / "page.html").read_text())[1]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert "unsafe" not in policy and "http" not in policy and "*" not in policy
    assert directives["script-src"].startswith("'sha256-") and directives["style-src"].startswith("'sha256-")
    assert directives["require-trusted-types-for"] == "'script'"


def test_the_licences_of_the_libraries_come_along(tmp_path: Path):
    make_page(write_study(tmp_path), tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text()
    for library in ("katex", "lit-html", "@sanity/diff-match-patch"):
        assert re.search(rf"^(<pre>|.*<pre>)?{re.escape(library)} \d+\.\d+", text, re.MULTILINE)


def test_many_items_lie_in_chunks():
    problem = {"id": "p", "problem": "q", "answer": "1"}
    text = {"role": "answer", "method": "vanilla", "text": "x" * 3000, "verdict": "correct", "tokens": 3}
    items = [Item("s", "bench", problem | {"id": f"p{n}"}, [dict(text)], {}) for n in range(1000)]
    pieces = [
        piece
        for piece in page(items, ExplorerSpec(students=["s"], methods=["vanilla"], labels={}))
        if 'id="chunk-' in piece
    ]
    assert 5 <= len(pieces) <= 20


def test_an_entry_counts_the_share_of_right_draws_over_all_seeds():
    counts = {Policy("orion", "0", "sampled"): (1, 4), Policy("orion", "1", "sampled"): (2, 4)}
    traces = [{"role": "answer", "method": "orion", "text": "", "tokens": tokens} for tokens in (5, 9, 2, 3)]
    found = entry(Item("s", "bench", {"id": "p", "problem": "q", "answer": "1"}, traces, counts))
    assert found["right"] == {"orion": 0.375}
    assert (found["shortest"], found["longest"]) == (2, 9)


def test_without_room_fewer_draws_are_shown_and_all_are_counted(tmp_path: Path):
    results = write_study(tmp_path)
    samples = sorted(results.glob("student/*/seed*/bench/sampled.parquet"))
    assert draws_that_fit(samples, 10_000) is None
    assert draws_that_fit(samples, 250) == draws_that_fit(samples, 0) == 1
    items = benchmark_items([results / "problems/bench.parquet"], samples, ["student"], draws=1)
    assert {len(item.traces) for item in items} == {3}
    assert all(draws == 2 for item in items for _, draws in item.counts.values())
    said = make_page(results, tmp_path / "page.html", "--room", "1")
    assert "19 traces" in said and "The first 1 draws" in said


def test_a_trace_names_the_methods_that_trained_on_it(tmp_path: Path):
    results = write_study(tmp_path)
    items = training_items(
        read_table(results / "problems/train.parquet"),
        [results / "teacher/scripted/cots.parquet"],
        [results / "student/errors.parquet"],
        [results / "student/refined/error-and-cot.parquet"],
        ["student"],
        sorted(results.glob("student/*/seed0/sft.training_set.parquet")),
    )
    of = {trace["key"]: trace for item in items for trace in item.traces}
    assert of["refined0"]["trained"] == ["orion"] and "trained" not in of["refined1"]
    assert of["cot0"]["trained"] == ["orion", "sft-long-cot"] and of["cot0"]["teacher"] == "scripted"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("npm") is None, reason="no node and npm here to build the front end with")
def test_a_rebuild_of_the_front_end_gives_the_committed_bytes(tmp_path: Path):
    source = tmp_path / "explorer"
    shutil.copytree(ROOT / "report/explorer", source, ignore=shutil.ignore_patterns("node_modules"))
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=source, capture_output=True, text=True)
    if re.search(r"ENOTFOUND|ECONNREFUSED|EAI_AGAIN|ETIMEDOUT", done.stderr):
        pytest.skip("npm reaches no registry here")
    assert done.returncode == 0, done.stdout + done.stderr
    for folder in ("once", "twice"):
        build = ["npm", "run", "build", "--", str(tmp_path / folder)]
        done = subprocess.run(build, cwd=source, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    committed = ROOT / "orion/explorer/assets"
    assert sorted(path.name for path in committed.iterdir()) == sorted(p.name for p in (tmp_path / "once").iterdir())
    for path in committed.iterdir():
        once, twice = (tmp_path / folder / path.name for folder in ("once", "twice"))
        assert once.read_bytes() == twice.read_bytes()
        assert once.read_bytes() == path.read_bytes(), "run `npm ci && npm run build` in report/explorer"


def test_an_excerpt_has_room_in_a_report_and_says_what_it_is(tmp_path: Path):
    text = {"role": "answer", "method": "vanilla", "verdict": "correct", "tokens": 3, "path": "x"}
    spec = ExplorerSpec(students=["s"], methods=["vanilla"], labels={})
    words = random.Random(0)
    items = [
        Item(
            "s",
            f"bench{n % 2}",
            {"id": f"p{n}", "problem": "q", "answer": "1"},
            [text | {"text": "".join(words.choices("abcdefghijklmnop ", k=20_000))}],
            {Policy("vanilla", "0", "sampled"): (1, 1)},
        )
        for n in range(100)
    ]
    made = excerpt(items, spec, "")
    assert 1_000_000 < len(made.encode()) <= LARGEST
    index = index_in(made)
    assert f"An excerpt: {len(index['entries'])} of 100 problems" in index["note"]
    assert index["sets"] == ["bench0", "bench1"]
    assert index_in(excerpt(items[:3], spec, "a note"))["note"] == "a note"
