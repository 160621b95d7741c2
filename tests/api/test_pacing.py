"""The rules by which the next request may go out, each by itself."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from orion.engines.pacing import BackOff, Bucket, Budget, Concurrency


@settings(deadline=None)
@given(
    per_minute=st.floats(1, 10_000),
    units=st.lists(st.floats(0.0, 5.0), min_size=1, max_size=200),
    pauses=st.lists(st.floats(0.0, 3.0), min_size=200, max_size=200),
)
def test_no_minute_ever_sees_more_than_its_rate(per_minute: float, units: list[float], pauses: list[float]) -> None:
    bucket, now, taken = Bucket(per_minute, 0.0), 0.0, []
    units = [min(unit, max(1.0, per_minute / 60)) for unit in units]
    for unit, pause in zip(units, pauses, strict=False):
        now += pause
        now += bucket.wait(unit, now)
        assert bucket.wait(unit, now) <= 1e-6
        bucket.take(unit)
        taken.append((now, unit))
    for begin, _ in taken:
        within = sum(unit for time, unit in taken if begin <= time < begin + 60)
        assert within <= max(per_minute, 61 * per_minute / 60) + 1e-3


def test_a_rate_goes_on_where_an_earlier_run_stopped() -> None:
    bucket = Bucket(60, 0.0)
    bucket.remember([(1.0, 1.0)] * 30, 0.0)
    assert bucket.wait(1.0, 0.0) > 20
    fresh = Bucket(60, 0.0)
    fresh.remember([(59.9, 1.0)] * 30, 0.0)
    assert fresh.wait(1.0, 0.0) == 0, "what was used a minute ago is forgotten"


def test_a_wave_of_throttles_halves_the_concurrency_once() -> None:
    concurrency = Concurrency(64)
    for _ in range(64):
        concurrency.throttled(sent=0.0, now=1.0, in_flight=64)
    assert concurrency.limit == 32
    concurrency.throttled(sent=2.0, now=3.0, in_flight=32)
    assert concurrency.limit == 16


@settings(deadline=None)
@given(events=st.lists(st.tuples(st.booleans(), st.integers(1, 64)), max_size=300))
def test_concurrency_stays_between_one_and_the_most(events: list[tuple[bool, int]]) -> None:
    concurrency = Concurrency(64)
    for now, (success, in_flight) in enumerate(events):
        if success:
            concurrency.succeeded()
        else:
            concurrency.throttled(sent=float(now), now=float(now), in_flight=in_flight)
        assert 1 <= concurrency.limit <= 64


def test_concurrency_recovers_quickly_to_near_where_it_hurt_and_slowly_beyond() -> None:
    concurrency = Concurrency(1000)
    concurrency.throttled(sent=0.0, now=0.0, in_flight=100)
    for _ in range(40):
        concurrency.succeeded()
    assert 89 <= concurrency.limit <= 91
    for _ in range(90):
        concurrency.succeeded()
    assert concurrency.limit < 92


def test_what_the_endpoint_says_is_waited_for_by_all_and_the_longest_counts() -> None:
    back_off = BackOff()
    back_off.throttled(sent=0.0, now=1.0, wait=10.0)
    back_off.throttled(sent=0.0, now=2.0, wait=1.0)
    assert back_off.until == 11.0
    assert back_off.probing(11.5) and not back_off.probing(12.5)
    back_off.succeeded()
    assert not back_off.probing(11.5)


def test_silence_is_waited_out_longer_and_longer_up_to_a_minute_or_so() -> None:
    back_off, waits = BackOff(), []
    for now in range(0, 3000, 100):
        back_off.throttled(sent=float(now), now=float(now), wait=None)
        waits.append(back_off.until - now)
    assert waits[5] > 10 * waits[0] and waits[-1] >= 40 and max(waits) <= 75


def test_failures_among_successes_are_no_outage() -> None:
    back_off = BackOff()
    for now in range(100):
        back_off.failed(float(now))
        back_off.succeeded()
    assert not back_off.outage
    for now in range(100, 105):
        back_off.failed(float(now))
    assert back_off.outage and back_off.until > 104


@settings(deadline=None)
@given(
    limit=st.floats(0.1, 10),
    requests=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.booleans()), max_size=200),
)
def test_money_is_never_spent_beyond_the_budget(limit: float, requests: list[tuple[float, float, bool]]) -> None:
    budget, flying = Budget(limit, 0.0), []
    for dearest, share, settle in requests:
        if budget.fits(dearest):
            budget.reserve(dearest)
            flying.append((dearest, dearest * share))
        if settle and flying:
            budget.settle(*flying.pop(0))
        assert budget.spent <= limit + 1e-9
    for one in flying:
        budget.settle(*one)
    assert budget.spent <= limit + 1e-9
