"""`python -m orion.store`: what is in a store can be read, checked, copied and tidied without Python."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from orion.store import Store
from orion.types import Message, Record, Request, Sampling

ROOT = Path(__file__).parents[2]


def put(store: Store, text: str, status: str = "ok", model: str = "m") -> str:
    request = Request(model, (Message("user", text),), Sampling(0.6, 100), id=text)
    message = {"content": f"to {text}", "reasoning_content": "hm"}
    raw: Any = {"choices": [{"message": message, "finish_reason": "stop"}], "usage": {"completion_tokens": 7}}
    fields = {"id": text, "model": model, "messages": [{"role": "user", "content": text}]}
    meta = {"cost": 0.5, "time": 1e9, "attempt": 1, "endpoint": "http://x/v1", "latency": 2.5}
    store.append(Record(request.key, 100, "openai-chat", status, raw, fields, meta))
    return request.key


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with Store(tmp_path / "store") as store:
        put(store, "a")
        put(store, "b", model="other")
        put(store, "c", "timeout")
        put(store, "d", "http-400")
    return tmp_path / "store"


def run(command: str, path: Path, *options: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "orion.store", command, str(path), *options], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_ls_has_a_line_a_record_and_filters(path: Path) -> None:
    lines = run("ls", path).splitlines()
    assert [line.split("\t")[1] for line in lines] == ["ok", "ok", "timeout", "http-400"]
    assert len(run("ls", path, "--model", "m").splitlines()) == 3
    assert run("ls", path, "--id", "b").split("\t")[-2:] == ["other", "b\n"]


def test_show_prints_question_reasoning_answer_price_and_endpoint(path: Path) -> None:
    key = run("ls", path).split("\t")[0]
    shown = run("show", path, key)
    assert all(text in shown for text in ("-- user\na", "hm", "to a", '"cost": 0.5', "http://x/v1", '"latency": 2.5'))
    assert json.loads(run("show", path, key, "--raw"))["status"] == "ok"
    assert "no record" in run("show", path, "ffffffff", code=2)


def test_stats_add_up_by_model_and_status(path: Path) -> None:
    rows = [line.split("\t") for line in run("stats", path).splitlines()[1:]]
    assert [row[:3] for row in rows] == [
        ["m", "http-400", "1"],
        ["m", "ok", "1"],
        ["m", "timeout", "1"],
        ["other", "ok", "1"],
    ]


def test_an_export_is_a_store_again(path: Path, tmp_path: Path) -> None:
    lines = run("export", path)
    assert [json.loads(line)["status"] for line in lines.splitlines()] == ["ok", "ok", "timeout", "http-400"]
    assert len(run("export", path, "--best").splitlines()) == 3
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "shared.jsonl").write_text(lines)
    assert [record.key for record in Store(copy).records()] == [record.key for record in Store(path).records()]


def test_prune_says_what_it_would_drop_and_drops_it_only_when_told(path: Path) -> None:
    assert "say what to drop" in run("prune", path, code=2)
    assert "would drop 1 records" in run("prune", path, "--failed")
    assert len(Store(path)) == 4
    run("prune", path, "--failed", "--yes")
    run("prune", path, "--status", "http-400", "--yes")
    assert sorted(record.status for record in Store(path).records()) == ["ok", "ok"]
    assert "nothing is torn" in run("verify", path)


def test_prune_leaves_a_store_alone_that_a_run_is_writing(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        put(store, "a")
        store.sync()
        assert "a running process writes it" in run("prune", tmp_path, "--status", "ok", "--yes", code=2)
    assert len(Store(tmp_path)) == 1


def test_verify_names_torn_and_damaged_lines_and_mends_the_index_only(path: Path) -> None:
    (segment,) = path.glob("*.jsonl")
    lines = segment.read_bytes().splitlines(keepends=True)
    damaged = lines[0] + lines[1].replace(b'"ok"', b'"ok') + lines[2] + lines[3][:20]
    segment.write_bytes(damaged)
    said = run("verify", path, code=1)
    assert "2 whole records" in said and "a damaged line" in said and "a torn last line" in said
    run("verify", path, "--repair", code=1)
    assert segment.read_bytes() == damaged, "lines are never changed"
    store = Store(path)
    assert [record.status for record in store.records()] == ["ok", "timeout"]


def test_a_store_that_is_none_is_named(tmp_path: Path) -> None:
    assert "no such store" in run("ls", tmp_path / "nowhere", code=2)
