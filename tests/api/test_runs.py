"""Runs that are killed, doubled, throttled, short of disk or of money."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orion.complete import Gaps, complete
from orion.engines.api import ApiEngine
from orion.errors import UserError
from orion.store import Store, StoreError
from orion.store.segments import scan
from tests.api.client_helpers import KEY, Server, ask

ROOT = Path(__file__).parents[2]


def driver(server: Server, store: Path, count: int, concurrency: int, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.api.driver", server.url, store, count, concurrency, json.dumps(options)]
    return subprocess.Popen(
        [str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )


def texts(process: subprocess.Popen[str]) -> list[str]:
    out, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    found: list[str] = json.loads(out)
    return found


@pytest.mark.slow
def test_a_run_killed_at_any_point_loses_and_buys_again_at_most_what_was_in_flight(
    serve: Callable[..., Server], tmp_path: Path
) -> None:
    server, kills, concurrency, count = serve(0.02), 20, 4, 600
    order = random.Random(0)
    for _ in range(kills):
        until = server.received() + order.randrange(1, 40)
        process = driver(server, tmp_path, count, concurrency)
        while server.received() < until:
            time.sleep(0.003)
        process.kill()
        process.wait()
    last = driver(server, tmp_path, count, concurrency)
    assert texts(last) == [f"to p{i}: \\boxed{{4}}" for i in range(count)]
    asked = server.counts()
    assert set(asked) == {f"p{i}" for i in range(count)}
    again = sum(asked.values()) - count
    assert again <= kills * concurrency
    assert again > 0 and len(list(tmp_path.glob("*.jsonl"))) > kills / 2, "they were killed in the middle"


def test_two_runs_on_one_store_buy_everything_once(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(0.05)
    both = [driver(server, tmp_path, 150, 4) for _ in range(2)]
    expected = [f"to p{i}: \\boxed{{4}}" for i in range(150)]
    assert [texts(process) for process in both] == [expected, expected]
    assert server.counts() == {f"p{i}": 1 for i in range(150)}


def test_a_run_takes_over_what_a_killed_one_had_claimed(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(0.1)
    first = driver(server, tmp_path, 60, 2)
    while server.received() < 10:
        time.sleep(0.05)
    second = driver(server, tmp_path, 60, 2)
    time.sleep(1.0)
    first.kill()
    first.wait()
    assert texts(second) == [f"to p{i}: \\boxed{{4}}" for i in range(60)]
    assert sum(server.counts().values()) <= 60 + 2


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    path = tmp_path / "small"
    path.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", path], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"cannot mount a tmpfs: {made.stderr.strip()}")
    yield path
    subprocess.run(["umount", path], check=True)


def test_a_full_disk_stops_the_run_and_leaves_everything_whole(server: Server, small_disk: Path) -> None:
    path = small_disk / "store"
    requests = [ask(f"p{i}") for i in range(2000)]
    with pytest.raises(StoreError, match="full"), Store(path) as store:
        complete(requests, server.engine(store), store)
    lines = [(entry, line) for segment in path.glob("*.jsonl") for entry, line in scan(segment)]
    assert lines and all(entry is not None for entry, _ in lines), "no torn line is left behind"
    received = sum(server.counts().values())
    assert received - len(lines) <= 16, "nothing is lost but what was in flight"
    subprocess.run(["mount", "-o", "remount,size=8m", small_disk], check=True)
    with Store(path) as store:
        assert len(complete(requests, server.engine(store), store)) == 2000
    assert sum(server.counts().values()) == 2000 + received - len(lines)


def test_a_full_disk_at_a_rename_leaves_the_old_index_and_every_line(server: Server, small_disk: Path) -> None:
    path = small_disk / "store"
    with Store(path) as store:
        complete([ask(f"p{i}") for i in range(100)], server.engine(store), store)
    (index,) = path.glob("*.idx")
    index.write_bytes(index.read_bytes()[:-5])
    (small_disk / "filler").write_bytes(b"x" * _room(small_disk))
    done = subprocess.run(
        [sys.executable, "-m", "orion.store", "verify", "--repair", path], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert not list(path.glob(".*")), "nothing half-written stays"
    with Store(path) as store:
        assert len(complete([ask(f"p{i}") for i in range(100)], server.engine(store), store, offline=True)) == 100


def _room(path: Path) -> int:
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


def waits_broken(log: list[dict[str, Any]], slack: float = 0.1) -> list[tuple[float, str]]:
    """Requests that came although an earlier 429 had asked for silence until later."""
    quiet_until, broken = 0.0, []
    for entry in sorted(log, key=lambda entry: entry["time"]):
        if entry["time"] < quiet_until:
            broken.append((quiet_until - entry["time"], entry["prompt"]))
        if entry["how"].startswith("429"):
            quiet_until = max(quiet_until, entry["time"] + entry["wait"] - slack)
    return broken


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_storm_of_429_is_waited_out_by_all_and_nobody_asks_too_early(
    serve: Callable[..., Server], tmp_path: Path, form: str
) -> None:
    server = serve(0.01)
    server.storm(form, 2.5)
    with Store(tmp_path) as store:
        got = complete([ask(f"p{i}") for i in range(100)], server.engine(store, concurrency=8, patience_s=60), store)
    assert all(response.error is None for response in got)
    log = server.log()
    throttled = [entry for entry in log if entry["how"].startswith("429")]
    assert len(log) == 100 + len(throttled)
    later = sorted(log, key=lambda entry: float(entry["time"]))[8:]
    assert waits_broken(later) == []
    assert len(throttled) <= 8 + 4, "after the first wave, one goes first to see"


def test_a_429_without_a_word_is_waited_out_longer_and_longer(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(0.01)
    server.storm("none", 1.0)
    with Store(tmp_path) as store:
        got = complete([ask(f"p{i}") for i in range(50)], server.engine(store, patience_s=60), store)
    assert all(response.error is None for response in got)
    assert len(server.log()) < 50 + 16 + 8 + 4 + 2 + 5


def test_one_request_that_is_always_throttled_does_not_hold_the_others(server: Server, tmp_path: Path) -> None:
    prompts = ["poison ~ 429:0.02", *(f"p{i}" for i in range(50))]
    with Store(tmp_path) as store, pytest.raises(Gaps, match=r"1 of 51.*http-429.*poison"):
        complete([ask(p) for p in prompts], server.engine(store), store)
    assert server.counts()["poison"] < 30
    assert all(server.counts()[f"p{i}"] == 1 for i in range(50))


PRICES = {"input": 1000.0, "output": 1000.0}  # a response costs 30 tokens = 0.03


def test_a_budget_is_never_exceeded_and_counts_over_all_runs(server: Server, tmp_path: Path) -> None:
    requests = [ask(f"p{i}") for i in range(100)]
    for budget in (0.5, 0.5, 1.0):
        with Store(tmp_path) as store, pytest.raises(Gaps, match="budget"):
            complete(requests, server.engine(store, prices=PRICES, max_cost=budget), store)
        with Store(tmp_path) as store:
            spent = store.account("m").cost
        assert spent <= budget
        assert spent > budget - 0.2, "only what the dearest next response could cost is left over"
        assert sum(server.counts().values()) == round(spent / 0.03)


def test_a_failed_attempt_that_was_paid_for_counts_in_the_budget(server: Server, tmp_path: Path) -> None:
    with Store(tmp_path) as store, pytest.raises(Gaps):
        complete([ask("p ~ no_choices")], server.engine(store, prices=PRICES, attempts=2), store)
    assert Store(tmp_path).account("m").cost == pytest.approx(0.06)


def test_a_rate_is_kept_and_counts_over_runs(server: Server, tmp_path: Path) -> None:
    per_minute = 600  # ten a second, ten at once
    for run in range(2):
        with Store(tmp_path) as store:
            requests = [ask(f"{run}-{i}") for i in range(20)]
            complete(requests, server.engine(store, requests_per_minute=per_minute), store)
    times = sorted(float(record.meta["time"]) for record in Store(tmp_path).records())
    for i, begin in enumerate(times):
        within = sum(begin <= time < begin + 1.0 for time in times[i:])
        assert within <= 10 + 10 + 1


def test_a_rate_of_tokens_is_kept(server: Server, tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        requests = [ask(f"p{i}", max_tokens=20) for i in range(40)]
        begun = time.monotonic()
        complete(requests, server.engine(store, tokens_per_minute=12_000), store)  # 200 a second, 1200 at once
        assert time.monotonic() - begun < 30
    assert len(server.log()) == 40


def test_keys_never_reach_a_file_a_log_or_an_error(server: Server, tmp_path: Path) -> None:
    """The fault server says the key it was given in every refusal."""
    store = tmp_path / "store"
    process = driver(server, store, 20, 4, attempts=1)
    texts(process)
    said = []
    for prompt in ("a ~ 400", "b ~ 401", "c ~ 500", "d ~ error_body:500", "e ~ 429:0"):
        with pytest.raises(UserError) as caught, Store(store) as opened:
            complete([ask(prompt)] * 1, server.engine(opened, attempts=1, patience_s=0.2), opened)
            raise UserError(str([record for record in opened.records()]))
        said.append(str(caught.value))
        said.append(repr(caught.value.__cause__))
    assert any("Bearer [key]" in text for text in said), "the server did echo it"
    written = [path.read_bytes().decode(errors="replace") for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) >= 3
    assert not [text for text in [*written, *said] if KEY in text]
    shown = subprocess.run([sys.executable, "-m", "orion.store", "ls", store], capture_output=True, text=True, cwd=ROOT)
    assert KEY not in shown.stdout + shown.stderr
    assert all(entry["body"].get("model") == "m" for entry in server.log())


def test_a_missing_key_names_the_variable(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with Store(tmp_path) as store, pytest.raises(UserError, match="OPENAI_API_KEY is not set"):
        complete([ask("p")], server.engine(store), store)
    assert server.log() == []


def test_nothing_missing_needs_no_key_and_no_endpoint(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(tmp_path) as store:
        complete([ask("p")], server.engine(store), store)
    monkeypatch.delenv("OPENAI_API_KEY")
    with Store(tmp_path) as store:
        assert complete([ask("p")], Server(9).engine(store), store)[0].text


def test_a_long_silence_is_not_without_a_word(
    serve: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orion.engines.flight.HEARTBEAT", 0.2)
    notes: list[str] = []
    server = serve(1.5)
    with Store(tmp_path) as store:
        engine = ApiEngine(server.endpoint(concurrency=2), store=store, note=notes.append)
        complete([ask("a"), ask("b"), ask("c")], engine, store)
    assert any("2 requests in flight" in note and "1 wait" in note for note in notes)


def test_a_run_interrupted_by_its_reader_keeps_what_it_has(server: Server, tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        records = server.engine(store).complete([ask(f"p{i}") for i in range(100)])
        store.append(next(records))
        records.close()  # type: ignore[attr-defined]
        assert len(store) == 1
    assert len(server.log()) <= 40
