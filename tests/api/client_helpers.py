"""Short words in which the tests of the client are written: a running fault server, and a request."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any
from urllib.request import urlopen

from orion.config.endpoint import Endpoint
from orion.engines.api import ApiEngine
from orion.store import Store
from orion.types import Message, Request, Sampling

KEY = "sk-very-secret-0123456789"


class Server:
    """A running fault server: `url`, what it saw, and an engine that speaks to it."""

    def __init__(self, port: int) -> None:
        self.root = f"http://127.0.0.1:{port}"
        self.url = f"{self.root}/v1"

    def log(self) -> list[dict[str, Any]]:
        with urlopen(f"{self.root}/log") as answer:
            entries: list[dict[str, Any]] = json.load(answer)
        return entries

    def received(self) -> int:
        with urlopen(f"{self.root}/count") as answer:
            return int(answer.read())

    def storm(self, form: str, seconds: float) -> None:
        urlopen(f"{self.root}/storm/{form}/{seconds}").close()

    def counts(self) -> Counter[str]:
        """Requests received, by the prompt's name."""
        return Counter(entry["prompt"].partition("~")[0].strip() for entry in self.log())

    def endpoint(self, **options: Any) -> Endpoint:
        quick = {"concurrency": 16, "idle_timeout_s": 20, "timeout_s": 60, "attempts": 3, "patience_s": 10}
        return Endpoint.model_validate({"base_url": self.url, **quick, **options})

    def engine(self, store: Store | None = None, **options: Any) -> ApiEngine:
        return ApiEngine(self.endpoint(**options), store=store)


def ask(prompt: str, *, max_tokens: int = 100, draw: int = 0, temperature: float = 0.6) -> Request:
    return Request("m", (Message("user", prompt),), Sampling(temperature, max_tokens), draw=draw, id=prompt)
