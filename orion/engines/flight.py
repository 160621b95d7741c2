"""One call of the API engine: the queue, what is in flight, and what becomes of a request after each attempt."""

from __future__ import annotations

import asyncio
import heapq
import random
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from orion import responses
from orion.complete import Ended
from orion.config.endpoint import Endpoint
from orion.engines.allowance import Allowance, Share
from orion.engines.bodies import body_of, request_fields
from orion.engines.pacing import BackOff, Concurrency
from orion.engines.prices import cost_of
from orion.engines.transport import Attempt, Transport
from orion.errors import UserError
from orion.progress import duration
from orion.store import Store
from orion.types import Record, Request

STOPPING = {"http-401": "does not accept the key", "http-402": "wants to be paid", "http-403": "denies access"}
THROTTLED = ("http-429", "http-503", "http-529")
MOST_THROTTLES = 10  # of one request, while others get through
# This many refusals before the first response: it is the way of asking that is refused, and not the question. The
# second number holds where earlier runs had responses.
REFUSALS_AT_FIRST = (5, 20)
FIRST_PATIENCE = 60.0
HEARTBEAT = 60.0  # seconds of silence before a waiting person is told that all is well
PAUSE = 0.5  # seconds before a failed request is sent again, doubled each time


class Asked(NamedTuple):
    """A request on its way. `tries` counts sendings that failed, `throttles` those that were put off."""

    request: Request
    tries: int = 0
    throttles: int = 0


class Flight:
    """One call of `complete`: the queue, what is in flight, and what to do with each attempt."""

    def __init__(
        self,
        endpoint: Endpoint,
        key: str | None,
        requests: Sequence[Request],
        store: Store | None,
        note: Callable[[str], None],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.stop: UserError | None = None  # why the whole run ends
        self._endpoint, self._key, self._loop, self._note = endpoint, key, loop, note
        self._queue = deque(Asked(request) for request in requests)
        self._later: list[tuple[float, int, Asked]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._out: list[Record] = []
        self._held: list[Record] = []  # refusals before the first response
        self._counter = 0
        self._closing = False
        self._heard = loop.time()  # when anything came last
        self._last_failure = ""
        self._successes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._transport: Transport | None = None
        self._concurrency = Concurrency(endpoint.concurrency)
        self._back_off = BackOff()
        self._allowance = Allowance(endpoint, requests, store, loop.time())

    @property
    def over(self) -> bool:
        return not self._tasks and (self.stop is not None or (not self._queue and not self._later))

    def begin(self) -> None:
        self._transport = Transport(self._endpoint, self._key)
        self._loop.call_later(HEARTBEAT, self._beat)
        self.pump()

    def _beat(self) -> None:
        if self._tasks and self._loop.time() - self._heard >= HEARTBEAT:
            silence = duration(self._loop.time() - self._heard)
            left = len(self._queue) + len(self._later)
            self._note(f"{len(self._tasks)} requests in flight, nothing came for {silence}; {left} wait for their turn")
        self._loop.call_later(HEARTBEAT, self._beat)

    def taken(self) -> list[Record]:
        """The records that came since the last call."""
        if self.over and self.stop is None:
            self._release()
        out, self._out = self._out, []
        return out

    def close(self) -> Coroutine[Any, Any, None]:
        """What ends it all, to be awaited. From the call on, nothing stops the loop any more: responses that are
        ready would otherwise do so before the first step of what is awaited."""
        self._closing = True
        return self._close()

    async def _close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._transport is not None:
            await self._transport.close()

    # Sending

    def pump(self) -> None:
        """Send what may be sent now, and come back when more may be."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self.stop is None:
            now = self._loop.time()
            due = bool(self._later) and self._later[0][0] <= now
            if not due and not self._queue:
                if self._later:
                    self._wake(self._later[0][0])
                break
            probing = self._back_off.probing(now)
            most = 1 if self._back_off.outage or probing else int(self._concurrency.limit)
            if len(self._tasks) >= most:
                if probing:
                    self._wake(self._back_off.until + self._back_off.PROBE)
                break
            asked = self._later[0][2] if due else self._queue[0]
            if now < self._back_off.until:
                self._wake(self._back_off.until)
                break
            if not self._allowance.affords(asked.request, now):
                if not self._tasks:  # nothing in flight can turn out cheaper than feared
                    self.stop = Ended(self._allowance.used_up)
                break
            wait = self._allowance.wait(asked.request, now)
            if wait > 0:
                self._wake(now + wait)
                break
            heapq.heappop(self._later) if due else self._queue.popleft()
            self._tasks.add(self._loop.create_task(self._ask(asked, self._allowance.take(asked.request))))
        if self.over:
            self._interrupt()

    def _interrupt(self) -> None:
        """Give the word back to `complete`."""
        if self._loop.is_running() and not self._closing:
            self._loop.stop()

    def _wake(self, when: float) -> None:
        self._timer = self._loop.call_at(when, self.pump)

    def _give_up_after(self, patience: float, now: float) -> None:
        """End the run if all has failed for too long. While anything is in flight, as long CoTs are, there is hope."""
        trouble = now - self._back_off.since
        if self.stop is None and trouble > patience and len(self._tasks) <= 1:
            self.stop = Ended(
                f"nothing came from {self._endpoint.address()} for {duration(trouble)} ({self._last_failure})"
            )

    # Answers

    async def _ask(self, asked: Asked, share: Share) -> None:
        request, endpoint = asked.request, self._endpoint
        sent, clock = self._loop.time(), time.time()
        assert self._transport is not None
        attempt = await self._transport.ask(body_of(request, endpoint))
        now = self._heard = self._loop.time()
        cost = cost_of(request, attempt.raw, endpoint.prices)
        self._allowance.settle(share, attempt, cost.amount)
        meta: dict[str, Any] = {
            "engine": "api",
            "endpoint": endpoint.address(),
            "time": round(clock, 3),
            "latency": round(now - sent, 4),
            "attempt": asked.tries + asked.throttles + 1,
            "cost": cost.amount,
        }
        if cost.estimated:
            meta["cost_estimated"] = True
        if attempt.error:
            meta["error"] = attempt.error
        self._judge(asked, attempt, meta, sent, now)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.discard(task)
        self._interrupt()

    def _judge(self, asked: Asked, attempt: Attempt, meta: dict[str, Any], sent: float, now: float) -> None:
        """What becomes of a request after an attempt: an answer, another try, a gap, or the end of the run."""
        status = attempt.status
        record = Record(
            key=asked.request.key,
            max_tokens=asked.request.sampling.max_tokens,
            format="openai-chat",
            status=status,
            raw=attempt.raw,
            request=request_fields(asked.request),
            meta=meta,
        )
        if status == "ok":
            self._successes += 1
            self._back_off.succeeded()
            self._concurrency.succeeded()
            self._release()
            self._out.append(record)
        elif status in STOPPING:
            self._stop(f"{self._endpoint.address()} {STOPPING[status]} ({_said(attempt)})")
        elif responses.is_final(status):
            self._back_off.succeeded()
            self._refused(record, attempt)
        elif status in THROTTLED and (status == "http-429" or attempt.retry_after is not None or asked.throttles < 3):
            self._throttled(asked, attempt, record, sent, now)
        else:
            self._failed(asked, attempt, record, now)

    def _refused(self, record: Record, attempt: Attempt) -> None:
        if self._successes:
            self._out.append(record)
            return
        self._held.append(record)
        most = REFUSALS_AT_FIRST[self._allowance.before.finished > 0]
        if record.status == "http-404":  # rather the address or the model's name than this request
            most = min(most, 1 + 4 * (self._allowance.before.finished > 0))
        if len(self._held) >= most:
            self._held.clear()
            self._stop(
                f"{self._endpoint.address()} refuses the requests ({record.status}: {_said(attempt)}); "
                "check base_url, the model's name and the sampling options"
            )

    def _release(self) -> None:
        self._out += self._held
        self._held.clear()

    def _throttled(self, asked: Asked, attempt: Attempt, record: Record, sent: float, now: float) -> None:
        self._concurrency.throttled(sent, now, len(self._tasks))
        before = self._back_off.until
        self._back_off.throttled(sent, now, attempt.retry_after)
        self._last_failure = f"{attempt.status}: {_said(attempt)}"
        if self._back_off.until - max(before, now) > 5:
            self._note(f"{attempt.status}, waiting {self._back_off.until - now:.0f} s as the endpoint asks")
        self._give_up_after(self._endpoint.patience_s, now)
        again = Asked(asked.request, asked.tries, asked.throttles + 1)
        if again.throttles > MOST_THROTTLES and self._successes:
            self._out.append(record)
            return
        self._put_off(again, self._back_off.until)

    def _failed(self, asked: Asked, attempt: Attempt, record: Record, now: float) -> None:
        self._last_failure = f"{attempt.status}: {_said(attempt)}"
        was = self._back_off.outage
        # A sign of an outage: it breaks on the way, and not only for requests that have broken before. An odd body
        # comes from an endpoint that is there.
        on_the_way = attempt.status.startswith("http-5") or attempt.status in ("reset", "timeout", "no-connection")
        if on_the_way and (was or asked.tries == 0):
            self._back_off.failed(now, 5.0 if attempt.status == "http-500" else BackOff.LONGEST)
        if self._back_off.outage and not was:
            self._note(f"nothing comes ({self._last_failure}); trying now and then")
        if self._back_off.outage:
            patience = self._endpoint.patience_s
            self._give_up_after(patience if self._successes else min(patience, FIRST_PATIENCE), now)
        # a request that never left costs nothing: it waits for the network as long as patience lasts
        again = Asked(asked.request, asked.tries + attempt.reached, asked.throttles)
        last = again.tries >= self._endpoint.attempts
        if attempt.reached:
            self._out.append(record if last else replace(record, meta={**record.meta, "again": True}))
        if not last:
            pause = PAUSE * 2.0**again.tries * random.uniform(0.75, 1.25)
            self._put_off(again, now + min(pause, 60.0))

    def _put_off(self, asked: Asked, until: float) -> None:
        self._counter += 1
        heapq.heappush(self._later, (until, self._counter, asked))

    def _stop(self, why: str) -> None:
        if self.stop is None:
            self.stop = UserError(f"{why}. Everything received is kept; run again to go on")


def _said(attempt: Attempt) -> str:
    return attempt.error or attempt.status
