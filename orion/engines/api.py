"""OpenAI-compatible chat endpoints (DeepSeek, OpenRouter, vLLM, SGLang, ...) as an engine.

One thread, one event loop: it runs while the caller waits for the next record and stands still while the caller puts
that one away, so nothing piles up between the wire and the store.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Iterator, Sequence

from orion.config.endpoint import Endpoint
from orion.engines.flight import Flight
from orion.store import Store
from orion.types import Record, Request


class ApiEngine:
    """Answers requests over HTTP. With a `store`, budget and rates count what earlier runs spent there; `note` hears
    what a waiting person should know."""

    def __init__(
        self, endpoint: Endpoint | None = None, *, store: Store | None = None, note: Callable[[str], None] | None = None
    ) -> None:
        self.endpoint = endpoint or Endpoint()
        self._store = store
        self._note = note or (lambda text: None)

    def complete(self, requests: Sequence[Request]) -> Iterator[Record]:
        """Yields records as they come, failed attempts included (`meta.again` where another follows).

        Raises:
            UserError: the endpoint refuses the key, wants payment, or refuses every request.
            Ended: the budget is used up, or nothing has come for too long.
                In all cases what was in flight is yielded before.
        """
        if not requests:
            return
        key = self.endpoint.key()
        loop = asyncio.SelectorEventLoop(_FewAtATime())
        run = Flight(self.endpoint, key, requests, self._store, self._note, loop)
        try:
            loop.call_soon(run.begin)
            while not run.over:
                loop.run_forever()
                yield from run.taken()
                run.pump()  # only now, so that sent and not yet stored are never more than the concurrency
            yield from run.taken()
            if run.stop is not None:
                raise run.stop
        except KeyboardInterrupt:
            yield from run.taken()  # received just now: the caller can still put it away
            raise
        finally:
            loop.run_until_complete(run.close())
            loop.close()


class _FewAtATime(selectors.DefaultSelector):
    """Hands the loop a few ready sockets at a time. Responses that come in a burst are else all read, then all parsed,
    then all followed by their next requests, which keeps the burst together and leaves the endpoint idle in between."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(timeout)[:8]
