"""When the next request may go out: concurrency that adapts, back-off that all share, rates and the budget.

Pure bookkeeping without a clock or a socket of its own, so that each rule can be tested by itself. Times are seconds
of a monotonic clock, handed in.
"""

from __future__ import annotations

import random
from collections.abc import Iterable

WINDOW = 60.0  # seconds: what rates are stated in


class Concurrency:
    """How many requests may be in flight. A throttled answer halves it, at most once for requests sent before the last
    cut; after that it grows back, quickly to near where it hurt and slowly from there."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = float(most)
        self._hurt = float(most)
        self._cut = float("-inf")

    def succeeded(self) -> None:
        step = 1.0 if self.limit < 0.9 * self._hurt else 1.0 / self.limit
        self.limit = min(self.limit + step, float(self.most))

    def throttled(self, sent: float, now: float, in_flight: int) -> None:
        if sent > self._cut:
            self._hurt = max(1.0, min(self.limit, in_flight))
            self.limit = max(1.0, self._hurt / 2)
            self._cut = now


class BackOff:
    """A gate that is closed for all until a time. Failures in a row close it for longer and longer."""

    ROW = 5  # failures in a row, with nothing else coming, before they count as an outage
    FIRST, LONGEST = 0.5, 60.0
    PROBE = 1.0  # seconds that one request goes ahead of the others when a throttled endpoint is asked again

    def __init__(self) -> None:
        self.until = float("-inf")
        self.since = float("inf")  # when the trouble began that lasts until now
        self.row = 0
        self._throttles = 0
        self._last_throttle = float("-inf")

    def succeeded(self) -> None:
        self.row = self._throttles = 0
        self.since = float("inf")

    def throttled(self, sent: float, now: float, wait: float | None) -> None:
        """Answered with 429 or 503: all wait as the endpoint says, or longer each time if it says nothing."""
        self.since = min(self.since, now)
        if sent > self._last_throttle:  # one step for a whole wave
            self._throttles += 1
            self._last_throttle = now
        if wait is None:
            wait = self._grown(self._throttles)
        self.until = max(self.until, now + wait)

    def failed(self, now: float, longest: float = LONGEST) -> None:
        self.row += 1
        self.since = min(self.since, now)
        if self.outage:
            self.until = max(self.until, now + min(self._grown(self.row - self.ROW + 1), longest))

    @property
    def outage(self) -> bool:
        return self.row >= self.ROW

    def probing(self, now: float) -> bool:
        """Whether one request should go first, to see if the endpoint still throttles."""
        return self._throttles > 0 and now < self.until + self.PROBE

    def _grown(self, times: int) -> float:
        return min(self.FIRST * 2.0 ** min(times, 20), self.LONGEST) * random.uniform(0.75, 1.25)


class Bucket:
    """At most `per_minute` units in any minute: a small store of units that refills evenly."""

    def __init__(self, per_minute: float, now: float, *, burst: float | None = None, window: float = WINDOW) -> None:
        self._capacity = max(1.0, per_minute / 60.0) if burst is None else burst
        self._per_second = max(per_minute - self._capacity, per_minute / 60.0) / window
        self._units = self._capacity
        self._at = now

    def _fill(self, now: float) -> None:
        self._units = min(self._capacity, self._units + (now - self._at) * self._per_second)
        self._at = now

    def wait(self, units: float, now: float) -> float:
        """Seconds until `units` may be taken. More than it holds may be taken when it is full; the debt waits."""
        self._fill(now)
        lacking = min(units, self._capacity) - self._units
        return 0.0 if lacking <= 1e-9 else lacking / self._per_second

    def take(self, units: float) -> None:
        """Take units, or give back with a negative number."""
        self._units = min(self._capacity, self._units - units)

    def remember(self, taken: Iterable[tuple[float, float]], now: float, window: float = WINDOW) -> None:
        """Count units taken by an earlier run: (seconds ago, units)."""
        self._units, self._at = self._capacity, now - window
        for ago, units in sorted(taken, reverse=True):
            if 0 <= ago < window:
                self._fill(now - ago)
                self._units -= units
        self._fill(now)


class Budget:
    """Money: what is spent, what `others` spend meanwhile, what is in flight at its dearest, and whether one more fits
    under the limit."""

    def __init__(self, limit: float | None, spent: float) -> None:
        self.limit = limit
        self.spent = spent
        self.others = 0.0
        self.reserved = 0.0

    def fits(self, cost: float) -> bool:
        return self.limit is None or self.spent + self.others + self.reserved + cost <= self.limit + 1e-12

    def reserve(self, cost: float) -> None:
        self.reserved += cost

    def settle(self, reserved: float, cost: float) -> None:
        self.reserved = max(0.0, self.reserved - reserved)
        self.spent += cost
