"""Engine `api` for a student: some compatible server (vLLM, SGLang) already serves the model, adapters by LoRA name.

Requests and records keep the names of the student's own manifest, so a sample has one key whichever engine made it;
only on the wire they bear the server's name for the model: `Student.model`, or `adapter-DIGEST` for an adapter.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from http.client import HTTPException
from pathlib import Path
from typing import Any

from orion.config.endpoint import Endpoint
from orion.config.student import Student
from orion.engines.api import ApiEngine
from orion.engines.bodies import request_fields
from orion.engines.local import LocalEngine
from orion.errors import UserError
from orion.students import adapter_digest
from orion.types import Message, Record, Request

_KEY = "STUDENT_API_KEY"
_NO_ANSWER = (OSError, HTTPException, ValueError, KeyError, TypeError)  # nobody, no HTTP, no JSON, not what we seek


def _get(url: str, timeout: float) -> Any:
    headers = {"Authorization": f"Bearer {os.environ[_KEY]}"} if os.environ.get(_KEY) else {}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=timeout) as answer:
        return json.load(answer)


class ServedStudent(LocalEngine):
    name = "api"

    def __init__(
        self, manifest: str | Path, adapter: str | Path | None, student: Student, *, threads: int | None = None
    ) -> None:
        super().__init__(manifest, adapter, student)
        self.endpoint = Endpoint(base_url=student.base_url, key_variable=_KEY if os.environ.get(_KEY) else "")

    @cached_property
    def served_name(self) -> str:
        """What the server calls this policy."""
        return self.student.model if self.adapter is None else f"adapter-{adapter_digest(self.adapter)}"

    def versions(self) -> dict[str, str]:
        return {"engine_version": self._version, "endpoint": self.endpoint.address()}

    @cached_property
    def _version(self) -> str:
        """What the server says of itself: at /version (vLLM) or /server_info (SGLang), beside its /v1."""
        root = str(self.student.base_url).rstrip("/").removesuffix("/v1")
        for path in ("/version", "/server_info", "/get_server_info"):
            with suppress(*_NO_ANSWER):
                return f"{str(_get(root + path, timeout=5)['version'])[:80]} (the server's)"
        return "unknown (the server's)"

    def parallelism(self) -> str:
        return "the server's"

    def complete(self, requests: Sequence[Request]) -> Iterator[Record]:
        """Yields records as they come, as `ApiEngine.complete` does.

        Raises:
            UserError: the server cannot be reached or serves no such model; the text says how to make it.
        """
        if not requests:
            return
        self._check_served()
        asked = {}
        for request in requests:
            sent = self._sent(request)
            asked[sent.key, sent.sampling.max_tokens] = (sent, request)
        for record in ApiEngine(self.endpoint).complete([sent for sent, _ in asked.values()]):
            _, request = asked[record.key, record.max_tokens]
            yield replace(record, key=request.key, request=request_fields(request))

    def _sent(self, request: Request) -> Request:
        """A request as the server is to see it. The template's switches go in the form that vLLM and SGLang take."""
        system = self.student.system_prompt
        messages = request.messages
        if system is not None and messages[0].role != "system":
            messages = (Message("system", system), *messages)
        switches = {"enable_thinking": self.student.thinking}
        extra: dict[str, Any] = {"chat_template_kwargs": switches, "seed": request.seed}
        return replace(request, model=self.served_name, messages=messages, extra=extra)

    def _check_served(self) -> None:
        url = f"{str(self.student.base_url).rstrip('/')}/models"
        try:
            served = [str(model["id"]) for model in _get(url, timeout=30)["data"]]
        except urllib.error.HTTPError as error:
            hint = f"; set {_KEY} to its key" if error.code in (401, 403) else ""
            raise UserError(
                f"base_url {self.student.base_url}: the server says {error.code} to /models{hint}"
            ) from None
        except _NO_ANSWER as error:
            raise UserError(f"base_url {self.student.base_url}: no list of models from there: {error}") from None
        if self.served_name not in served:
            how = f"--served-model-name {self.served_name}"
            if self.adapter is not None:
                how = f"--enable-lora --lora-modules {self.served_name}={Path(self.adapter).resolve()}"
            raise UserError(
                f"base_url {self.student.base_url}: serves {served}, not {self.served_name!r}; start it with {how}"
            )
