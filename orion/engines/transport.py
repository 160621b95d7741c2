"""One question over HTTP, one attempt back: everything that can go wrong on the way has a name here.

aiohttp and not the `openai` client: at 512 requests in flight the latter spends four times the time on each
(see `python -m bench.client`), and retries by itself behind the back of the store.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from orion import responses
from orion.config.endpoint import Endpoint

if TYPE_CHECKING:
    import aiohttp


class Attempt(NamedTuple):
    """What one sending gave. `status` is `ok`, `http-CODE`, or a word for what broke; `raw` is the body as far as it
    came (parsed where it is JSON), `reached` whether the endpoint can have seen the request."""

    status: str
    raw: Any
    error: str | None = None
    retry_after: float | None = None
    reached: bool = True


class Transport:
    """Connections to one endpoint. Build it and use it inside one event loop."""

    def __init__(self, endpoint: Endpoint, key: str | None) -> None:
        import aiohttp
        from yarl import URL

        self._endpoint = endpoint
        self._secret = key
        self._url = URL(endpoint.address() + "/chat/completions")
        self._proxy = proxy_for(endpoint.address())
        headers = {"Content-Type": "application/json"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=headers,
            timeout=aiohttp.ClientTimeout(
                total=endpoint.timeout_s,
                connect=60,
                sock_read=endpoint.idle_timeout_s if endpoint.stream else None,
            ),
        )

    async def close(self) -> None:
        await self._session.close()

    async def ask(self, body: Mapping[str, Any]) -> Attempt:
        """Send a chat request. Never raises for what the network or the endpoint does."""
        import aiohttp

        data = json.dumps(body, ensure_ascii=True, separators=(",", ":")).encode()
        stream: _Stream | None = None
        try:
            async with self._session.post(self._url, data=data, allow_redirects=False, proxy=self._proxy) as response:
                if response.status == 200 and response.content_type == "text/event-stream":
                    stream = _Stream()
                    async for chunk in response.content.iter_any():
                        stream.feed(chunk)
                    attempt = stream.attempt()
                else:
                    attempt = _whole(response, await response.read())
        except aiohttp.ClientConnectorError as error:
            attempt = Attempt("no-connection", None, str(error), reached=False)
        except TimeoutError:  # before ClientError: aiohttp's time-outs are both
            attempt = Attempt("timeout", stream and stream.body(), "no answer within the time-out")
        except (aiohttp.ClientError, OSError, asyncio.IncompleteReadError) as error:
            attempt = Attempt("reset", stream and stream.body(), f"{type(error).__name__}: {error}")
        if self._secret:
            attempt = attempt._replace(
                raw=redacted(attempt.raw, self._secret), error=redacted(attempt.error, self._secret)
            )
        return attempt


def proxy_for(url: str) -> str | None:
    """The proxy that the environment (`https_proxy`, `no_proxy`, ...) names for an address. Looked up once: aiohttp's
    own `trust_env` asks anew for each request, in a thread."""
    parts = urlsplit(url)
    if proxy_bypass(parts.hostname or ""):
        return None
    return getproxies().get(parts.scheme)


def redacted(value: Any, secret: str) -> Any:
    """`value` without the secret, should an endpoint have echoed it."""
    if isinstance(value, str):
        return value.replace(secret, "[key]") if secret in value else value
    if isinstance(value, Mapping):
        return {redacted(name, secret): redacted(part, secret) for name, part in value.items()}
    if isinstance(value, list):
        return [redacted(part, secret) for part in value]
    return value


def _whole(response: aiohttp.ClientResponse, data: bytes) -> Attempt:
    """The attempt of a response that came in one body."""
    text = data.decode("utf-8", "replace")
    try:
        body: Any = json.loads(text) if text.strip() else None
    except ValueError:
        body = text
    if response.status != 200:
        return refusal(response.status, body, retry_after(response.headers))
    return judged(body)


def judged(body: Any) -> Attempt:
    """The attempt of a body that came with status 200, which some use for errors, too."""
    try:
        why = responses.fault(body)
    except Exception:  # our reading is at fault, not the body: keep it as received
        why = None
    if why is None:
        return Attempt("ok", body)
    error = responses.error_in(body) if isinstance(body, Mapping) else None
    if error is not None and why.startswith("http-"):
        return refusal(int(why[5:]), body, None)
    return Attempt(why, body, message_of(body))


def refusal(status: int, body: Any, wait: float | None) -> Attempt:
    """The attempt of an error status. A refusal over the content is about the question and so is named apart."""
    said = message_of(body)
    code = ""
    if isinstance(body, Mapping) and isinstance(body.get("error"), Mapping):
        code = f"{body['error'].get('code')} {body['error'].get('type')} {body['error'].get('metadata') or ''}".lower()
    hint = f"{code} {said or ''}".lower()
    if status in (400, 403) and any(
        w in hint for w in ("content_filter", "content exists risk", "moderation", "flagged")
    ):
        return Attempt("content-filter", body, said)
    if status == 429 and ("insufficient_quota" in code or "billing" in code):
        return Attempt("http-402", body, said)
    return Attempt(f"http-{status}", body, said, wait)


def message_of(body: Any) -> str | None:
    """What an endpoint says in an error body, cut to a readable length."""
    if isinstance(body, Mapping):
        error = body.get("error") or body.get("message") or body.get("detail") or body
        said = error.get("message") or error if isinstance(error, Mapping) else error
    else:
        said = body
    text = said if isinstance(said, str) else "" if said is None else json.dumps(said, ensure_ascii=False)
    text = " ".join(text.split())
    return (text if len(text) <= 300 else text[:300] + "...") or None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait as the headers say, in any of the forms in use: milliseconds, seconds, an HTTP date."""
    for name, unit in (("Retry-After-Ms", 1000.0), ("Retry-After", 1.0)):
        value = headers.get(name, "").strip()
        if not value:
            continue
        try:
            seconds = float(value) / unit
        except ValueError:
            try:
                # a date has whole seconds: wait to the end of the one it names
                seconds = parsedate_to_datetime(value).timestamp() - time.time() + 1.0
            except ValueError:
                continue
        if seconds == seconds:  # not NaN
            return min(max(seconds, 0.0), 24 * 3600.0)
    return None


class _Stream:
    """Server-sent events put together into the body that the endpoint would have sent in one piece."""

    def __init__(self) -> None:
        self._rest = b""
        self._head: dict[str, Any] = {}
        self._message: dict[str, Any] = {}
        self._texts: dict[str, list[str]] = {}
        self._choice: dict[str, Any] = {}
        self._done = False
        self._begun = False
        self._damaged: str | None = None

    def feed(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                self._event(line[5:].strip())

    def _event(self, data: bytes) -> None:
        if data == b"[DONE]":
            self._done = True
            return
        try:
            event = json.loads(data)
        except ValueError:
            self._damaged = data.decode("utf-8", "replace")
            return
        if not isinstance(event, dict):
            return
        for choice in event.pop("choices", None) or ():
            self._begun = True
            if choice.get("index", 0) == 0:
                self._delta(choice.pop("delta", None) or choice.pop("message", None) or {})
                self._choice.update((name, value) for name, value in choice.items() if value is not None)
        self._head.update((name, value) for name, value in event.items() if value is not None)

    def _delta(self, delta: dict[str, Any]) -> None:
        for name, value in delta.items():
            if isinstance(value, str) and name != "role":
                self._texts.setdefault(name, []).append(value)
            elif isinstance(value, list):
                self._message.setdefault(name, []).extend(value)
            elif value is not None:
                self._message[name] = value

    def body(self) -> dict[str, Any]:
        message = self._message | {name: "".join(parts) for name, parts in self._texts.items()}
        message.setdefault("content", None)
        body = self._head | {"streamed": True}
        if body.get("object") == "chat.completion.chunk":
            body["object"] = "chat.completion"
        if self._begun:
            body["choices"] = [{"index": 0, "finish_reason": None, "message": message} | self._choice]
        return body

    def attempt(self) -> Attempt:
        if self._rest.startswith(b"data:"):  # a last event without its newline
            self._event(self._rest[5:].strip())
        body = self.body()
        if self._damaged is not None:
            return Attempt("malformed", body, f"an event that is no JSON: {self._damaged[:100]}")
        if "error" not in body:
            if not self._begun:
                return Attempt("empty", body, "a stream without a word")
            if not self._choice.get("finish_reason") and not self._done:
                return Attempt("reset", body, "the stream ended before the response")
        return judged(body)
