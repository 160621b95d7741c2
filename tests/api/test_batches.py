"""Batches: half the price, found again after any crash, never paid twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orion.complete import Gaps, complete
from orion.config.endpoint import Endpoint
from orion.config.teacher import Teacher
from orion.engines.batch import BatchEngine
from orion.errors import UserError
from orion.store import Store
from orion.teacher.ask import Asking
from tests.api.batches import BatchServer
from tests.api.client_helpers import KEY, ask

PRICES = {"input": 1000.0, "output": 1000.0}  # a response costs 0.03, half of it in a batch


@pytest.fixture
def batch_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., BatchServer]]:
    monkeypatch.setattr(BatchEngine, "POLL", (0.01, 0.05))
    servers: list[BatchServer] = []

    def start(**options: Any) -> BatchServer:
        servers.append(BatchServer(**options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def engine(server: BatchServer, store: Store, **options: Any) -> BatchEngine:
    return BatchEngine(Endpoint.model_validate({"base_url": server.url, "prices": PRICES, **options}), store=store)


def test_a_batch_answers_in_any_order_at_half_the_price(
    batch_server: Callable[..., BatchServer], tmp_path: Path
) -> None:
    server = batch_server(looks=2)
    requests = [ask(f"p{i}") for i in range(30)]
    with Store(tmp_path) as store:
        got = complete(requests, engine(server, store), store)
        assert [r.text for r in got] == [f"to p{i}: \\boxed{{4}}" for i in range(30)]
        assert store.account("m").cost == pytest.approx(30 * 0.015)
        assert complete(requests, engine(server, store), store) == got
    assert len(server.batches) == 1 and len(server.bought) == 30
    assert not list((tmp_path / "batches").glob("*.json*")), "nothing is left open"
    assert server.keys == {f"Bearer {KEY}"}


def test_errors_inside_a_batch_have_their_classes(batch_server: Callable[..., BatchServer], tmp_path: Path) -> None:
    server = batch_server()
    requests = [ask("p"), ask("bad"), ask("late"), ask("busy")]
    with Store(tmp_path) as store:
        for batches in (1, 2):
            with pytest.raises(Gaps, match=r"2 of 4.*batch-expired.*") as caught:
                complete(requests, engine(server, store), store)
            assert [r is None for r in caught.value.responses] == [False, False, True, True]
            assert caught.value.responses[1].error == "http-400: status 400"  # type: ignore[union-attr]
            assert len(server.batches) == batches
    assert server.bought == ["p"]


@pytest.mark.parametrize("stage", ["planned", "uploaded", "created", "half collected"])
def test_a_run_that_ends_anywhere_finds_its_batch_again(
    batch_server: Callable[..., BatchServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    server = batch_server(drop_create=1 if stage == "uploaded" else 0)
    requests = [ask(f"p{i}") for i in range(10)]
    with Store(tmp_path) as store, monkeypatch.context() as patch:
        first = engine(server, store)
        if stage == "planned":
            patch.setattr(BatchEngine, "_submit", _killed)
        elif stage == "created":
            patch.setattr(BatchEngine, "_collect", _killed)
        records = first.complete(requests)
        if stage == "half collected":
            for _ in range(4):
                store.append(next(records))
            records.close()  # type: ignore[attr-defined]
        else:
            with pytest.raises((KeyboardInterrupt, UserError)):
                list(records)
    with Store(tmp_path) as store:
        got = complete(requests, engine(server, store), store)
    assert [r.text for r in got] == [f"to p{i}: \\boxed{{4}}" for i in range(10)]
    assert len(server.batches) == 1 and sorted(server.bought) == sorted(r.id for r in requests)


def _killed(*arguments: Any) -> Any:
    raise KeyboardInterrupt


def test_a_refused_batch_says_why_and_is_not_waited_for_again(
    batch_server: Callable[..., BatchServer], tmp_path: Path
) -> None:
    server = batch_server(fail="this model has no batches")
    for _ in range(2):
        with Store(tmp_path) as store, pytest.raises(UserError, match="this model has no batches"):
            complete([ask("p")], engine(server, store), store)
    assert len(server.batches) == 2


def test_the_budget_bounds_what_is_submitted(batch_server: Callable[..., BatchServer], tmp_path: Path) -> None:
    server = batch_server()
    with Store(tmp_path) as store, pytest.raises(Gaps, match="budget"):
        # a request of 100 tokens may cost some 0.06: three fit
        complete([ask(f"p{i}") for i in range(10)], engine(server, store, max_cost=0.2), store)
    assert 1 <= len(server.bought) <= 3
    assert Store(tmp_path).account("m").cost <= 0.2


def test_a_reasoning_teacher_is_tried_directly_before_a_batch_is_sent(
    batch_server: Callable[..., BatchServer], tmp_path: Path
) -> None:
    server = batch_server()
    teacher = Teacher.model_validate({"source": "batch", "model": "m"})
    endpoint = Endpoint(base_url=server.url)
    with Asking(teacher, tmp_path, endpoint=endpoint, reasoning=True) as asking:
        requests = [asking.request(ask(f"p{i}").messages, id=str(i)) for i in range(10)]
        assert all(asking.complete(requests))
    assert len(server.direct) == 3 and len(server.bought) == 7
