"""Batch endpoints (files + batches, as OpenAI has them) as an engine: about half the price, within a day.

What was submitted is written beside the store before it is sent and goes by a name that the endpoint keeps, too: so a
run that was killed at any point finds its batch again, by its id or by that name, and never pays twice.
"""

from __future__ import annotations

import fcntl
import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from orion.complete import Ended
from orion.config.endpoint import Endpoint
from orion.engines.bodies import body_of, request_fields
from orion.engines.prices import cost_of, dearest
from orion.engines.transport import Attempt, judged, redacted, refusal
from orion.errors import UserError
from orion.files import write_json, write_text
from orion.progress import duration
from orion.store import Store
from orion.types import Message, Record, Request, Sampling, canonical

if TYPE_CHECKING:
    import openai
    from openai.types import Batch

MOST_REQUESTS, MOST_BYTES = 50_000, 100 * 2**20  # of one batch, as the endpoints allow
PATH: Final = "/v1/chat/completions"
OVER = {"completed", "expired", "cancelled", "failed"}


class BatchEngine:
    """Submits what is asked in batches, waits for them, and yields what they hold; batches that an earlier run left
    open are waited for first. Needs a store, beside which it keeps track (`STORE/batches/`)."""

    POLL = 5.0, 60.0  # seconds between two looks: at first, at most

    def __init__(
        self, endpoint: Endpoint | None = None, *, store: Store | None = None, note: Callable[[str], None] | None = None
    ) -> None:
        if store is None:
            raise UserError("the batch engine needs a store: that is where it finds its batches again")
        self.endpoint = endpoint or Endpoint()
        self._store = store
        self._folder = store.path / "batches"
        self._note = note or (lambda text: None)

    @property
    def names(self) -> list[str]:
        """Batches that were begun and not yet collected."""
        return sorted(path.stem for path in self._folder.glob("*.json"))

    def complete(self, requests: Sequence[Request]) -> Iterator[Record]:
        """Yields records batch by batch, those of earlier runs' batches included.

        Raises:
            UserError: the endpoint refuses the key or a batch as a whole.
            Ended: the budget does not allow everything.
        """
        if not requests:
            return
        key = self.endpoint.key()
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as lock:  # one run at a time collects these batches
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                yield from self._complete(self._client(key), requests)
            except Exception as error:
                raise _for_people(error, self.endpoint.address(), key) from None

    def _complete(self, client: openai.OpenAI, requests: Sequence[Request]) -> Iterator[Record]:
        here = {(line["key"], line["max_tokens"]) for name in self.names for line in self._requests(name)}
        new = [request for request in requests if (request.key, request.sampling.max_tokens) not in here]
        affordable = self._affordable(new, requests)
        for chunk in _chunks(new[:affordable], self.endpoint):
            self._plan(chunk)
        for name in self.names:
            self._submit(client, name)
        yield from self._collect(client)
        if affordable < len(new):
            raise Ended(
                f"the budget is used up: {len(new) - affordable} requests could exceed {self.endpoint.max_cost} and "
                "were not submitted; raise max_cost to go on"
            )

    def _affordable(self, new: Sequence[Request], requests: Sequence[Request]) -> int:
        """How many of the new requests fit into the budget, each at its dearest, beside what open batches may cost."""
        limit, prices = self.endpoint.max_cost, self.endpoint.prices
        if limit is None or prices is None:
            return len(new)
        waiting = [_request(line) for name in self.names for line in self._requests(name)]
        share = prices.batch_discount
        cost = sum(self._store.account(model).cost for model in {request.model for request in requests})
        cost += sum(share * dearest(request, prices) for request in waiting)
        for count, request in enumerate(new):
            cost += share * dearest(request, prices)
            if cost > limit + 1e-12:
                return count
        return len(new)

    # One batch: planned (on disk) -> uploaded -> created -> collected (no longer on disk)

    def _plan(self, chunk: Sequence[Request]) -> None:
        name = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{secrets.token_hex(4)}"
        lines = [{"key": r.key, "max_tokens": r.sampling.max_tokens, "request": request_fields(r)} for r in chunk]
        write_text(self._folder / f"{name}.requests.jsonl", "".join(canonical(line) + "\n" for line in lines))
        write_json(self._folder / f"{name}.json", {"endpoint": self.endpoint.address()})

    def _requests(self, name: str) -> list[dict[str, Any]]:
        with (self._folder / f"{name}.requests.jsonl").open(encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def _state(self, name: str, **changes: Any) -> dict[str, Any]:
        path = self._folder / f"{name}.json"
        state: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if changes:
            state |= changes
            write_json(path, state)
        return state

    def _submit(self, client: openai.OpenAI, name: str) -> None:
        state = self._state(name)
        if state["endpoint"] != self.endpoint.address():
            raise UserError(
                f"{self._folder / name}.json: this batch was submitted to {state['endpoint']}; finish it there, or "
                "delete the file to give it up"
            )
        if "batch" in state:
            return
        if "submitting" in state:  # a run ended between sending and noting: the endpoint knows
            for batch in client.batches.list(limit=100):
                if (batch.metadata or {}).get("orion") == name:
                    self._state(name, batch=batch.id)
                    return
        lines = [
            {"custom_id": str(i), "method": "POST", "url": PATH, "body": body_of(_request(line), self._unstreamed)}
            for i, line in enumerate(self._requests(name))
        ]
        data = "".join(json.dumps(line) + "\n" for line in lines).encode()
        file = client.files.create(file=(f"{name}.jsonl", data), purpose="batch")
        self._state(name, submitting=True)
        # never retried by the client library: a batch created twice would be paid twice
        batch = client.with_options(max_retries=0).batches.create(
            input_file_id=file.id, endpoint=PATH, completion_window="24h", metadata={"orion": name}
        )
        self._state(name, batch=batch.id)
        self._note(f"batch {batch.id}: {len(lines)} requests submitted")

    @property
    def _unstreamed(self) -> Endpoint:
        return self.endpoint.model_copy(update={"stream": False})

    def _collect(self, client: openai.OpenAI) -> Iterator[Record]:
        pause, most = self.POLL
        begun = time.monotonic()
        said: dict[str, str] = {}
        while names := self.names:
            for name in names:
                batch = client.batches.retrieve(self._state(name)["batch"])
                counts = batch.request_counts
                words = batch.status + (f", {counts.completed}/{counts.total} done" if counts else "")
                if said.get(name) != words:
                    said[name] = words
                    self._note(f"batch {batch.id}: {words} after {duration(time.monotonic() - begun)}")
                if batch.status in OVER:
                    yield from self._results(client, name, batch)
                    self._store.sync()  # first whole in the store, then forgotten here
                    for suffix in (".json", ".requests.jsonl"):
                        (self._folder / f"{name}{suffix}").unlink()
            if self.names:
                time.sleep(pause)
                pause = min(1.5 * pause, most)

    def _results(self, client: openai.OpenAI, name: str, batch: Batch) -> Iterator[Record]:
        lines = self._requests(name)
        for file_id in (batch.output_file_id, batch.error_file_id):
            for text in client.files.content(file_id).iter_lines() if file_id else ():
                if text.strip():
                    result = json.loads(text)
                    yield self._record(lines[int(result["custom_id"])], result, batch.id)
        if batch.status == "failed":
            said = "; ".join(str(error.message) for error in (batch.errors and batch.errors.data) or [])
            for path in (self._folder / f"{name}.json", self._folder / f"{name}.requests.jsonl"):
                path.unlink()
            raise UserError(f"{self.endpoint.address()} refuses the batch {batch.id}: {said or 'no reason given'}")

    def _record(self, line: Mapping[str, Any], result: Mapping[str, Any], batch: str) -> Record:
        response = result.get("response")
        attempt = Attempt("batch-expired", result.get("error"), "not done within the batch's time")
        if response:
            status, body = int(response.get("status_code") or 0), response.get("body")
            attempt = judged(body) if status == 200 else refusal(status, body, None)
        elif "expired" not in str((result.get("error") or {}).get("code")):
            attempt = Attempt("batch-error", result.get("error"), str(result.get("error")))
        prices = self.endpoint.prices
        cost = cost_of(_request(line), attempt.raw, prices, share=prices.batch_discount if prices else 1.0)
        meta = {
            "engine": "batch",
            "endpoint": self.endpoint.address(),
            "batch": batch,
            "time": round(time.time(), 3),
            "cost": cost.amount,
            **({"cost_estimated": True} if cost.estimated else {}),
            **({"error": attempt.error} if attempt.error else {}),
        }
        secret = self.endpoint.key()
        raw, said = (redacted(part, secret) if secret else part for part in (attempt.raw, meta))
        return Record(line["key"], line["max_tokens"], "openai-chat", attempt.status, raw, line["request"], said)

    def _client(self, key: str | None) -> openai.OpenAI:
        import openai

        return openai.OpenAI(api_key=key or "none", base_url=self.endpoint.address(), max_retries=8, timeout=600)


def _request(line: Mapping[str, Any]) -> Request:
    """The request of a line in a batch's file of requests."""
    fields = line["request"]
    sampling: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in fields["sampling"].items()}
    messages = tuple(Message(m["role"], m["content"]) for m in fields["messages"])
    return Request(
        fields["model"], messages, Sampling(**sampling), fields["draw"], fields.get("extra", {}), fields["id"]
    )


def _chunks(requests: Sequence[Request], endpoint: Endpoint) -> Iterator[list[Request]]:
    """The requests in batches as large as endpoints take."""
    chunk: list[Request] = []
    size = 0
    for request in requests:
        length = len(json.dumps(body_of(request, endpoint))) + 200
        if chunk and (len(chunk) == MOST_REQUESTS or size + length > MOST_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(request)
        size += length
    if chunk:
        yield chunk


def _for_people(error: Exception, address: str, key: str | None) -> Exception:
    """What the client library raises, as one sentence without the key; other errors as they are."""
    import openai

    if not isinstance(error, openai.APIError):
        return error
    said = redacted(" ".join(str(error.message).split())[:300], key) if key else str(error.message)[:300]
    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        return UserError(f"{address} does not accept the key ({said})")
    return Ended(f"{address}: {said}; the batches that were submitted go on there, run again to collect them")
