"""A request as an endpoint wants it, and as a record keeps it."""

from __future__ import annotations

from typing import Any

from orion.config.endpoint import Endpoint
from orion.types import Request


def body_of(request: Request, endpoint: Endpoint) -> dict[str, Any]:
    """The JSON body of a request."""
    sampling = request.sampling.stated()
    sampling[endpoint.token_field] = sampling.pop("max_tokens")
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [{"role": role, "content": content} for role, content in request.messages],
        **sampling,
        **request.extra,
    }
    if endpoint.send_seed:
        body["seed"] = request.seed
    if endpoint.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body


def request_fields(request: Request) -> dict[str, Any]:
    """A request as a record keeps it, for people and for the account."""
    fields: dict[str, Any] = {
        "id": request.id,
        "model": request.model,
        "messages": [{"role": role, "content": content} for role, content in request.messages],
        "sampling": request.sampling.stated(),
        "draw": request.draw,
    }
    return fields | ({"extra": dict(request.extra)} if request.extra else {})
