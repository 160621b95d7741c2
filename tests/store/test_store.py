"""The store keeps every response, whatever happens to the process, the lines or the index."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orion.complete import Gaps, complete, missing
from orion.store import Store, StoreError
from orion.store.segments import LAYOUT, MAGIC, decode, encode
from orion.types import Message, Record, Request, Sampling


def ask(text: str, *, max_tokens: int = 100, draw: int = 0) -> Request:
    return Request("m", (Message("user", text),), Sampling(0.6, max_tokens), draw=draw, id=text)


def answer(
    request: Request, *, finish: str = "stop", tokens: int = 10, status: str = "ok", cost: float = 1.0
) -> Record:
    raw = {"text": f"to {request.id}", "finish_reason": finish, "prompt_tokens": 3, "completion_tokens": tokens}
    fields = {"model": request.model, "id": request.id}
    return Record(request.key, request.sampling.max_tokens, "text", status, raw, fields, {"cost": cost, "time": 1.0})


def filled(path: Path, count: int = 5) -> list[Request]:
    requests = [ask(f"p{i}") for i in range(count)]
    with Store(path) as store:
        for request in requests:
            store.append(answer(request))
    return requests


def only(path: Path, pattern: str) -> Path:
    (found,) = path.glob(pattern)
    return found


def test_what_was_appended_is_found_by_a_later_process(tmp_path: Path) -> None:
    requests = filled(tmp_path)
    store = Store(tmp_path)
    assert [store.find(r) for r in requests] == [answer(r) for r in requests]
    assert store.find(ask("never asked")) is None
    assert len(store) == 5


def test_an_appended_record_is_found_at_once_and_by_a_second_open_store(tmp_path: Path) -> None:
    first, second = Store(tmp_path), Store(tmp_path)
    assert second.find(ask("a")) is None
    first.append(answer(ask("a")))
    assert first.find(ask("a")) == answer(ask("a"))
    second.refresh()
    assert second.find(ask("a")) == answer(ask("a"))
    second.append(answer(ask("b")))
    first.refresh()
    assert first.find(ask("b")) is not None
    assert len(list(tmp_path.glob("*.jsonl"))) == 2, "two writers never share a file"


@pytest.mark.parametrize(
    ("finish", "tokens", "taken", "wanted", "found"),
    [
        ("stop", 10, 100, 100, True),
        ("stop", 10, 100, 10, True),  # it fits
        ("stop", 10, 100, 9, False),  # it would have been cut off
        ("stop", 10, 100, 5000, True),
        ("length", 100, 100, 100, True),
        ("length", 100, 100, 200, False),  # raised: ask again
        ("length", 100, 100, 50, False),
    ],
)
def test_a_token_limit_is_no_part_of_the_question(
    tmp_path: Path, finish: str, tokens: int, taken: int, wanted: int, found: bool
) -> None:
    with Store(tmp_path) as store:
        store.append(answer(ask("p", max_tokens=taken), finish=finish, tokens=tokens))
        assert (store.find(ask("p", max_tokens=wanted)) is not None) is found


def test_refusals_answer_and_failed_attempts_do_not(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.append(answer(ask("refused"), status="http-400"))
        store.append(answer(ask("failed"), status="timeout"))
        assert store.find(ask("refused")) is not None
        assert store.find(ask("refused", max_tokens=50)) is None, "the limit may be what was refused"
        assert store.find(ask("failed")) is None
        assert store.account("m").cost == 2.0, "failed attempts stay in the account"


def test_an_index_is_only_a_shortcut(tmp_path: Path) -> None:
    requests = filled(tmp_path)
    index = only(tmp_path, "*.idx")
    whole = index.read_bytes()
    for damaged in (None, b"", whole[:50], whole[: len(whole) // 2], b"another format" + whole):
        index.unlink(missing_ok=True)
        if damaged is not None:
            index.write_bytes(damaged)
        assert missing(requests, Store(tmp_path)) == []


@settings(deadline=None)
@given(cut=st.integers(0, 2000), noise=st.binary(max_size=20))
def test_a_torn_last_line_costs_only_its_own_record(tmp_path_factory: Any, cut: int, noise: bytes) -> None:
    path = tmp_path_factory.mktemp("store")
    requests = filled(path)
    lines = only(path, "*.jsonl")
    whole = lines.read_bytes()
    cut = min(cut, len(whole))
    lines.write_bytes(whole[:cut] + noise.replace(b"\n", b""))
    kept = whole[:cut].count(b"\n")
    index = only(path, "*.idx")  # it follows the disk, so a crash leaves it behind the lines, never before them
    index.write_bytes(index.read_bytes()[: len(MAGIC) + kept * LAYOUT.size + len(noise)])
    store = Store(path)
    assert missing(requests, store) == requests[kept:]
    assert [store.find(r) for r in requests[:kept]] == [answer(r) for r in requests[:kept]]


def test_an_index_of_other_lines_is_noticed_when_read(tmp_path: Path) -> None:
    requests = filled(tmp_path)
    lines = only(tmp_path, "*.jsonl")
    text = lines.read_text().splitlines(keepends=True)
    lines.write_text("".join(reversed(text)))
    with pytest.raises(StoreError, match="verify --repair"):
        Store(tmp_path).find(requests[0])


def test_our_own_parser_may_raise_without_losing_or_buying_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(record: Record) -> None:
        raise RuntimeError("a bug")

    request = ask("p")
    asked: list[Request] = []

    class Engine:
        def complete(self, requests: Any) -> Any:
            asked.extend(requests)
            return iter([answer(r) for r in requests])

    with monkeypatch.context() as patch:
        patch.setattr("orion.responses.parse", broken)
        patch.setattr("orion.complete.parse", broken)
        with pytest.raises(RuntimeError):
            complete([request], Engine(), Store(tmp_path))
    assert complete([request, request], Engine(), Store(tmp_path))[1].text == "to p"
    assert asked == [request]


def test_offline_lists_what_is_missing(tmp_path: Path) -> None:
    requests = filled(tmp_path)

    class Engine:
        def complete(self, requests: Any) -> Any:
            raise AssertionError("offline asks nothing")

    assert len(complete(requests, Engine(), Store(tmp_path), offline=True)) == 5
    with pytest.raises(Gaps, match=r"1 of 6 .*not in the store.*new") as caught:
        complete([*requests, ask("new")], Engine(), Store(tmp_path), offline=True)
    assert [r is None for r in caught.value.responses] == [False] * 5 + [True]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(deadline=None)
@given(raw=json_values, text=st.text(alphabet=st.characters(exclude_categories=())))
def test_every_record_is_one_line_and_comes_back_equal(raw: Any, text: str) -> None:
    record = Record("ab" * 32, 5, "text", "ok", [raw, text, "\ud800"], {"model": "m"}, {"time": 1.5})
    line = encode(record)
    assert line.count(b"\n") == 1 and line.endswith(b"\n")
    assert decode(line) == record
    json.loads(line)
