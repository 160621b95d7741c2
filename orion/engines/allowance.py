"""What the next request is allowed to take of the budget and of the rates, counted over all runs on a store."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from orion import responses
from orion.config.endpoint import Endpoint
from orion.engines.pacing import Bucket, Budget
from orion.engines.prices import BYTES_PER_TOKEN, dearest, prompt_bytes
from orion.engines.transport import Attempt
from orion.store import Account, Store
from orion.store.segments import UNKNOWN
from orion.types import Request

SEE_OTHERS = 5.0  # seconds between two looks at what other runs on the store spend


class Share(NamedTuple):
    """What a request in flight has taken: money at its dearest, tokens as expected."""

    cost: float
    tokens: float


class Allowance:
    """`now` is the monotonic clock of the engine's loop, in seconds."""

    def __init__(self, endpoint: Endpoint, requests: Sequence[Request], store: Store | None, now: float) -> None:
        self._endpoint, self._store = endpoint, store
        self._models = {request.model for request in requests}
        self._seen = now
        self._mean: float | None = None  # completion tokens of a response
        self.before = self._total()
        self.budget = Budget(endpoint.max_cost, self.before.cost)
        per_minute = endpoint.requests_per_minute, endpoint.tokens_per_minute
        self._requests = None if per_minute[0] is None else Bucket(per_minute[0], now)
        self._tokens = None if per_minute[1] is None else Bucket(per_minute[1], now, burst=per_minute[1] / 10)
        self._remember(now)

    def _remember(self, now: float) -> None:
        """Earlier runs may have used up this minute's rates."""
        if self._store is None or not (self._requests or self._tokens):
            return
        clock = time.time()
        recent = [entry for model in self._models for entry in self._store.recent(model, clock - 60)]
        if self._requests:
            self._requests.remember(((clock - entry.time, 1.0) for entry in recent), now)
        if self._tokens:
            counts = [(e, [n for n in (e.prompt_tokens, e.completion_tokens) if n != UNKNOWN]) for e in recent]
            self._tokens.remember(((clock - entry.time, float(sum(n))) for entry, n in counts), now)

    def _total(self) -> Account:
        """What the store has of all the models that are asked."""
        if self._store is None:
            return Account()
        accounts = [self._store.account(model) for model in self._models]
        return Account(*(sum(column) for column in zip(*accounts, strict=True)))

    def _see_others(self, now: float) -> None:
        if self._store is not None and self.budget.limit is not None and now - self._seen >= SEE_OTHERS:
            self._seen = now
            self._store.refresh()
            total = self._total()
            self.budget.others = (total.cost - total.ours) - (self.before.cost - self.before.ours)

    def affords(self, request: Request, now: float) -> bool:
        """Whether the budget has room for the request at its dearest, beside all that is in flight."""
        self._see_others(now)
        return self.budget.limit is None or self.budget.fits(dearest(request, self._endpoint.prices))

    def wait(self, request: Request, now: float) -> float:
        """Seconds until the rates allow the request."""
        waits = [0.0]
        if self._requests:
            waits.append(self._requests.wait(1.0, now))
        if self._tokens:
            waits.append(self._tokens.wait(self._expected(request), now))
        return max(waits)

    def take(self, request: Request) -> Share:
        share = Share(dearest(request, self._endpoint.prices), self._expected(request))
        self.budget.reserve(share.cost)
        if self._requests:
            self._requests.take(1.0)
        if self._tokens:
            self._tokens.take(share.tokens)
        return share

    def settle(self, share: Share, attempt: Attempt, cost: float) -> None:
        """Put what was really used in the place of what was taken."""
        self.budget.settle(share.cost, cost)
        prompt, completion = responses.usage(attempt.raw) if isinstance(attempt.raw, dict) else (None, None)
        if completion is not None:
            self._mean = float(completion) if self._mean is None else 0.9 * self._mean + 0.1 * completion
        if self._tokens and (completion is not None or not attempt.reached):
            self._tokens.take((prompt or 0) + (completion or 0) - share.tokens)

    def _expected(self, request: Request) -> float:
        """Tokens that a request will use: by the mean of what came, at first by its limit."""
        completion = request.sampling.max_tokens if self._mean is None else self._mean
        return prompt_bytes(request) / BYTES_PER_TOKEN + completion

    @property
    def used_up(self) -> str:
        spent = self.budget.spent + self.budget.others
        return (
            f"the budget is used up: {spent:.4f} of {self.budget.limit:.4f} spent over all runs, and the next request "
            "could exceed it; raise max_cost to go on"
        )
