"""Whatever an endpoint does, over real sockets: nothing is lost, nothing is asked more often than said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orion.complete import Gaps, complete
from orion.errors import UserError
from orion.store import Store
from tests.api.client_helpers import Server, ask


def run(server: Server, path: Path, prompts: list[str], **options: Any) -> list[Any]:
    """Responses in the order of the prompts, None at gaps."""
    with Store(path) as store:
        try:
            return list(complete([ask(p) for p in prompts], server.engine(store, **options), store))
        except Gaps as gaps:
            return gaps.responses


def statuses(path: Path) -> list[str]:
    return sorted(record.status for record in Store(path).records())


def test_every_row_costs_exactly_one_request_and_a_second_run_none(
    server: Server, tmp_path: Path, stream: bool
) -> None:
    prompts = [f"p{i}" for i in range(200)]
    first = run(server, tmp_path, prompts, stream=stream)
    assert [r.text for r in first] == [f"to {p}: \\boxed{{4}}" for p in prompts]
    assert {r.reasoning for r in first[:1]} == {"thinking about p0"}
    assert (first[0].prompt_tokens, first[0].completion_tokens) == (10, 20)
    assert run(server, tmp_path, prompts, stream=stream) == first
    assert server.counts() == dict.fromkeys(prompts, 1)


@pytest.mark.parametrize(
    "fault",
    "500 502 empty blank_only malformed html no_choices null_content given_up error_body:502 reset_before reset_mid "
    "cut_stream stall_mid".split(),
)
def test_what_passes_is_asked_again_and_what_stays_is_a_gap_of_this_run_only(
    server: Server, tmp_path: Path, stream: bool, fault: str
) -> None:
    options: dict[str, Any] = {"timeout_s": 3, "idle_timeout_s": 2} if fault == "stall_mid" else {}
    prompts = [f"passing ~ {fault}, ok", f"staying ~ {fault}", *(f"p{i}" for i in range(20))]
    got = run(server, tmp_path, prompts, stream=stream, **options)
    assert [response is None for response in got] == [False, True] + [False] * 20
    assert server.counts() == {"passing": 2, "staying": 3} | {f"p{i}": 1 for i in range(20)}
    assert run(server, tmp_path, prompts, stream=stream, **options)[1] is None
    assert server.counts() == {"passing": 2, "staying": 6} | {f"p{i}": 1 for i in range(20)}
    assert len(statuses(tmp_path)) == 21 + 1 + 6, "every attempt is in the account"


@pytest.mark.parametrize("code", ["400", "404", "413", "422", "filtered"])
def test_a_refused_request_is_asked_once_and_holds_up_nobody(server: Server, tmp_path: Path, code: str) -> None:
    prompts = ["first", f"poison ~ {code}", *(f"p{i}" for i in range(20))]
    run(server, tmp_path, prompts[:1])
    for _ in range(2):
        got = run(server, tmp_path, prompts, concurrency=1)
        assert got[1].error is not None and got[1].finish_reason in ("error", "content_filter")
        assert [r.error for r in got[:1] + got[2:]] == [None] * 21
    assert set(server.counts().values()) == {1}


def test_gaps_are_named_counted_and_explained(server: Server, tmp_path: Path) -> None:
    with Store(tmp_path) as store, pytest.raises(Gaps) as caught:
        complete([ask("good"), ask("bad ~ 500"), ask("worse ~ empty")], server.engine(store), store)
    said = str(caught.value)
    assert "2 of 3" in said and "1 http-500" in said and "1 empty" in said and "bad" in said and "worse" in said


@pytest.mark.parametrize(("code", "word"), [("401", "key"), ("402", "paid"), ("403", "access"), ("quota", "paid")])
def test_authentication_and_payment_stop_the_run_and_what_was_received_stays(
    server: Server, tmp_path: Path, code: str, word: str
) -> None:
    prompts = [*(f"p{i}" for i in range(10)), f"stop ~ {code}, ok", *(f"later{i}" for i in range(200))]
    with Store(tmp_path) as store, pytest.raises(UserError, match=word) as caught:
        complete([ask(p) for p in prompts], server.engine(store, concurrency=4), store)
    assert "\n" not in str(caught.value)
    received = sum(server.counts().values()) - 1
    assert 10 <= received < 20, "no new requests after the refusal"
    assert statuses(tmp_path) == ["ok"] * received
    assert all(run(server, tmp_path, prompts)), "the next run goes on, the refused one included"
    assert server.counts() == dict.fromkeys((p.partition(" ~")[0] for p in prompts), 1) | {"stop": 2}


@pytest.mark.parametrize("code", ["400", "404"])
def test_a_wrong_way_of_asking_stops_at_the_first_refusals_and_marks_nothing(
    server: Server, tmp_path: Path, code: str
) -> None:
    requests = [ask(f"p{i} ~ {code}, ok") for i in range(100)]
    with Store(tmp_path) as store, pytest.raises(UserError, match=r"base_url.*model"):
        complete(requests, server.engine(store, concurrency=4), store)
    assert sum(server.counts().values()) <= 8
    assert statuses(tmp_path) == [], "after the mending, these questions are asked again"
    assert all(r.error is None for r in run(server, tmp_path, [r.id for r in requests[:4]]))


def test_an_endpoint_that_is_not_there_is_named_and_nothing_counts_as_asked(tmp_path: Path) -> None:
    nowhere = Server(9)
    with Store(tmp_path) as store, pytest.raises(Gaps, match=r"127\.0\.0\.1:9"):
        complete([ask("p")], nowhere.engine(store, patience_s=1), store)
    assert statuses(tmp_path) == []


@pytest.mark.parametrize("fault", ["stall", "stall_mid"])
def test_a_stalled_stream_is_noticed_by_its_silence(server: Server, tmp_path: Path, fault: str) -> None:
    got = run(server, tmp_path, [f"stalls ~ {fault}, ok", "p"], stream=True, timeout_s=600, idle_timeout_s=2)
    assert all(got)
    assert server.counts() == {"stalls": 2, "p": 1}


def test_a_stream_cut_off_in_the_middle_is_kept_in_the_account_and_asked_again(server: Server, tmp_path: Path) -> None:
    assert all(run(server, tmp_path, ["cut ~ reset_mid, cut_stream, ok"], attempts=5))
    partial = [record for record in Store(tmp_path).records() if record.status != "ok"]
    assert len(partial) == 2
    assert all(record.raw["choices"][0]["message"]["reasoning_content"].startswith("thinking") for record in partial)


@pytest.mark.parametrize("fault", ["drip:1.5", "blank", "reset_after", "ok:0.3", "no_usage", "null_thinking", "length"])
def test_slow_or_odd_is_not_wrong(server: Server, tmp_path: Path, stream: bool, fault: str) -> None:
    prompts = [f"odd ~ {fault}", "p"]
    got = run(server, tmp_path, prompts, stream=stream)
    assert got[0] is not None and got[0].error is None
    assert run(server, tmp_path, prompts, stream=stream) == got
    assert server.counts()["odd"] == 1


def test_a_response_without_usage_is_counted_by_its_length_and_never_looks_free(server: Server, tmp_path: Path) -> None:
    prices = {"input": 1.0, "output": 2.0}
    (response,) = run(server, tmp_path, ["p ~ no_usage"], prices=prices)
    (record,) = Store(tmp_path).records()
    assert response.cost > 0 and record.meta["cost_estimated"] is True


def test_a_cut_off_response_is_bought_again_only_if_the_limit_was_raised(server: Server, tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        for limit, asked in ((100, 1), (100, 1), (200, 2), (200, 2), (100, 2)):
            (got,) = complete([ask("p ~ length", max_tokens=limit)], server.engine(store), store)
            assert got.truncated and got.completion_tokens == limit
            assert server.counts()["p"] == asked


def test_a_content_filter_is_recorded_as_such(server: Server, tmp_path: Path) -> None:
    got = run(server, tmp_path, ["ok first", "a ~ content_filter", "b ~ filtered"], concurrency=1)
    assert [r.finish_reason for r in got] == ["stop", "content_filter", "content_filter"]
    assert set(server.counts().values()) == {1}


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content", "reasoning_details", "think", "unopened"])
def test_reasoning_is_found_in_every_field(server: Server, tmp_path: Path, stream: bool, field: str) -> None:
    (got,) = run(server, tmp_path, [f"p ~ field:{field}"], stream=stream)
    assert (got.reasoning, got.text) == ("thinking more", "to 4")


def test_equal_requests_are_asked_once(server: Server, tmp_path: Path) -> None:
    got = run(server, tmp_path, ["same"] * 50)
    assert len(got) == 50 and server.counts() == {"same": 1}


def test_only_what_changes_the_answer_is_asked_anew(server: Server, serve: Any, tmp_path: Path) -> None:
    def new(requests: list[Any], **options: Any) -> int:
        before = sum(server.counts().values())
        with Store(tmp_path) as store:
            complete(requests, server.engine(store, **options), store)
        return sum(server.counts().values()) - before

    prompts = [f"p{i}" for i in range(10)]
    assert new([ask(p) for p in prompts]) == 10
    assert new([ask(p) for p in reversed(prompts)]) == 0, "order"
    assert new([ask(p) for p in [*prompts, "appended"]]) == 1
    assert new([ask(p) for p in prompts], concurrency=3, stream=False, prices={"input": 1, "output": 1}) == 0
    assert new([ask(p, temperature=0.7) for p in prompts]) == 10
    assert new([ask(p, draw=1) for p in prompts]) == 10
    assert new([ask(p, max_tokens=5000) for p in prompts]) == 0, "they had ended by themselves"
    other = serve()
    with Store(tmp_path) as store:
        complete([ask(p) for p in prompts], other.engine(store), store)
    assert other.counts() == {}, "the same model at another address is the same model"


@pytest.mark.parametrize("fault", ["no_choices", "empty", "malformed"])
def test_many_poison_requests_at_the_end_are_no_outage(server: Server, tmp_path: Path, fault: str) -> None:
    prompts = [*(f"p{i}" for i in range(10)), *(f"poison{i} ~ {fault}" for i in range(30))]
    got = run(server, tmp_path, prompts, patience_s=600)
    assert [response is None for response in got] == [False] * 10 + [True] * 30
    assert all(server.counts()[f"poison{i}"] == 3 for i in range(30))


def test_failures_while_long_responses_are_in_flight_do_not_end_the_run(server: Server, tmp_path: Path) -> None:
    prompts = ["long ~ ok:3", *(f"down{i} ~ 500, 500, ok" for i in range(6)), *(f"p{i}" for i in range(10))]
    got = run(server, tmp_path, prompts, attempts=5, patience_s=0.01)
    assert all(got)
    assert server.counts()["long"] == 1
