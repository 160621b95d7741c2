"""Where an API is and how hard it may be used. Nothing here changes an answer, so nothing here is in a key."""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from orion.config.base import Part
from orion.errors import UserError


class Prices(Part):
    """Money per million tokens, in one currency of your choice (the one of `max_cost`)."""

    input: float = Field(ge=0, description="Per million prompt tokens; see the provider's price page.")
    output: float = Field(ge=0, description="Per million completion tokens, reasoning included.")
    cached_input: float | None = Field(
        default=None,
        ge=0,
        description="Per million prompt tokens that the provider took from its cache; none: as input.",
    )
    batch_discount: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="What a batch costs, as a share of these prices; change it for other terms.",
    )


class Endpoint(Part):
    """An OpenAI-compatible API."""

    base_url: str | None = Field(
        default=None,
        description="Set it for any endpoint but the one in OPENAI_BASE_URL; ends before /chat/completions.",
    )
    key_variable: str = Field(
        default="OPENAI_API_KEY",
        description="Name of the variable that holds the key, never the key itself; '' for a server without keys.",
    )
    concurrency: int = Field(
        default=64, ge=1, description="Most requests in flight; raise it while the endpoint answers without 429."
    )
    stream: bool = Field(
        default=True,
        description="Off for endpoints that cannot stream; then a stalled connection is noticed only by `timeout_s`.",
    )
    idle_timeout_s: float = Field(
        default=300,
        gt=0,
        description="Longest silence of a stream; raise it for endpoints that queue long without a word.",
    )
    timeout_s: float = Field(
        default=3600, gt=0, description="Longest time of one response; raise it for slow local servers and long CoTs."
    )
    attempts: int = Field(
        default=5, ge=1, description="How often a request is sent before its failure counts as a gap of this run."
    )
    patience_s: float = Field(
        default=1800,
        gt=0,
        description="How long to wait out an endpoint from which nothing comes; 60 s before its first response.",
    )
    token_field: str = Field(
        default="max_tokens", description="`max_completion_tokens` for endpoints that refuse `max_tokens`."
    )
    send_seed: bool = Field(
        default=False, description="On for servers that honour `seed` (vLLM, SGLang), so that draws can be made again."
    )
    prices: Prices | None = Field(
        default=None, description="Needed for the forecast and for `max_cost`, unless the endpoint states costs itself."
    )
    max_cost: float | None = Field(
        default=None, gt=0, description="Budget over all runs on a store; nothing is sent that could exceed it."
    )
    requests_per_minute: float | None = Field(default=None, gt=0, description="Your account's limit, if you know it.")
    tokens_per_minute: float | None = Field(
        default=None, gt=0, description="Your account's limit of prompt + completion tokens, if you know it."
    )

    @field_validator("base_url")
    @classmethod
    def _plain_url(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ValueError(f"not an http(s) address: {parts.scheme}://...")
        if "@" in parts.netloc or parts.query:
            raise ValueError(
                "an address with a password or a query in it; put the key into the variable of `key_variable`"
            )
        return url.rstrip("/")

    @field_validator("key_variable")
    @classmethod
    def _a_name(cls, name: str) -> str:
        if name and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise ValueError("the name of an environment variable is wanted, and this is not one (a key, perhaps?)")
        return name

    @model_validator(mode="after")
    def _known_prices(self) -> Endpoint:
        if self.max_cost is not None and self.prices is None:
            raise ValueError("max_cost needs prices: without them nothing can be said of a request before it is sent")
        return self

    def address(self) -> str:
        """The base URL: the one set here, else the environment's, else OpenAI's."""
        found = self.base_url or os.environ.get("OPENAI_BASE_URL") or "https://api.openai.com/v1"
        return found if found == self.base_url else str(Endpoint(base_url=found).base_url)

    def key(self) -> str | None:
        """The secret itself. It goes into one HTTP header and nowhere else.

        Raises:
            UserError: the variable is not set.
        """
        if not self.key_variable:
            return None
        key = os.environ.get(self.key_variable, "").strip()
        if not key:
            raise UserError(
                f"the environment variable {self.key_variable} is not set: put the endpoint's key there "
                "(or set key_variable to the variable that holds it, or to '' for a server that wants none)"
            )
        return key
