"""The one verb of the pipeline: complete these requests with that engine, through that store.

Teacher traces, student samples, refinements and judgements all pass here. Only what the store lacks is asked for,
and every response is in the store before anything reads it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from orion import responses
from orion.errors import UserError
from orion.progress import Progress
from orion.responses import parse
from orion.store import Store, StoreError
from orion.store.claims import Claims
from orion.types import Engine, Request, Response

__all__ = ["Ended", "Gaps", "complete", "missing", "parse"]

POLL = 0.5  # seconds between two looks at what another run has received


class Ended(UserError):
    """Raised by an engine that stops before the end, with nothing wrong with the requests: what is left is a gap."""


class Gaps(UserError):
    """Some requests have no response. `responses` holds what there is, None at the gaps; `why` the reasons by key."""

    def __init__(
        self, responses: Sequence[Response | None], requests: Sequence[Request], why: dict[str, str], note: str = ""
    ) -> None:
        self.responses = list(responses)
        self.requests = [request for request, response in zip(requests, responses, strict=True) if response is None]
        self.why = why
        self.note = note
        super().__init__(self._text(len(responses)) + (f" ({note})" if note else ""))

    def _text(self, total: int) -> str:
        reasons = Counter(self.why.get(request.key, "not asked") for request in self.requests)
        names = [f"{request.id or request.key[:12]} (draw {request.draw})" for request in self.requests[:5]]
        more = f" and {len(self.requests) - 5} more" if len(self.requests) > 5 else ""
        counts = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
        return (
            f"{len(self.requests)} of {total} responses are missing ({counts}): {', '.join(names)}{more}. "
            "What was received is kept; run again to ask for the missing ones only"
        )


def missing(requests: Iterable[Request], store: Store) -> list[Request]:
    """The requests that the store does not answer, each once. Reads no response, so it is quick."""
    seen: set[tuple[str, int]] = set()
    lacking = []
    for request in requests:
        asked = (request.key, request.sampling.max_tokens)
        if asked not in seen:
            seen.add(asked)
            if store.place(*asked) is None:
                lacking.append(request)
    return lacking


def complete(
    requests: Sequence[Request],
    engine: Engine,
    store: Store,
    *,
    progress: Progress | None = None,
    offline: bool = False,
) -> list[Response]:
    """Responses in the order of `requests`; equal requests are asked once. With `offline` nothing is asked.

    Errors that asking again would not change (a refused request) come back as responses with `error`.

    Raises:
        Gaps: some requests have no response; everything else was asked and is stored.
        UserError: the endpoint wants no more of us (authentication, payment), or the store cannot be written.
    """
    lacking = missing(requests, store)
    why: dict[str, str] = {}
    note = ""
    if offline:
        why = {request.key: "not in the store" for request in lacking}
    elif lacking:
        why, note = _ask_or_wait(lacking, engine, store, progress or Progress.silent())
    found = []
    for request in requests:
        record = store.find(request)
        found.append(None if record is None else parse(record))
    whole = [response for response in found if response is not None]
    if len(whole) < len(found):
        raise Gaps(found, requests, why, note)
    return whole


def _ask_or_wait(
    lacking: Sequence[Request], engine: Engine, store: Store, progress: Progress
) -> tuple[dict[str, str], str]:
    """Ask for what is missing, except for what another run on this store is asking for: that is waited for, and asked
    for only if the other leaves it. Each request is asked at most once here."""
    why: dict[str, str] = {}
    asked: set[tuple[str, int]] = set()
    waited = False
    claims = Claims(store.path)
    while lacking:
        with ExitStack() as claimed:
            with _store_errors(store), claims.turn():
                store.refresh()
                taken = claims.of_others()
                lacking = [r for r in missing(lacking, store) if (r.key, r.sampling.max_tokens) not in asked]
                mine = [request for request in lacking if request.key not in taken]
                if mine:
                    claimed.enter_context(claims.holding([request.key for request in mine]))
            if mine:
                asked.update((request.key, request.sampling.max_tokens) for request in mine)
                reasons, note = _ask(mine, engine, store, progress)
                why |= reasons
                if note:
                    return why, note
        if lacking and not mine:
            if not waited:
                progress.note(f"another run on this store is asking for {len(lacking)} of these; waiting for it")
            waited = True
            time.sleep(POLL)
    return why, ""


@contextmanager
def _store_errors(store: Store) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"{store.path}: the store cannot be written ({error.strerror})") from None


def _ask(lacking: Sequence[Request], engine: Engine, store: Store, progress: Progress) -> tuple[dict[str, str], str]:
    """Ask for all of `lacking`; returns the reasons of those that failed, by key, and why the engine ended early."""
    why: dict[str, str] = {}
    records = engine.complete(lacking)
    progress.start(len(lacking))
    try:
        for record in records:
            store.append(record)
            if responses.is_final(record.status):
                why.pop(record.key, None)
            else:
                why[record.key] = record.status
            progress.add(record)
    except Ended as error:
        return why, str(error)
    finally:
        close = getattr(records, "close", None)
        if close is not None:
            close()
        store.sync()
        progress.finish()
    return why, ""
