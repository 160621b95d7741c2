"""Engine `api` for a student: a compatible server (vLLM, SGLang, llama.cpp, ...) that already serves it.

The requests name the policy by its digest, as for every local student, so its samples are found whichever engine made
them; only here, on the way out, the name, the system prompt and the template's switches become what a server wants.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from orion.config.endpoint import Endpoint
from orion.config.student import Student
from orion.engines.api import ApiEngine
from orion.engines.bodies import request_fields
from orion.errors import UserError
from orion.students import policy_name, read_manifest
from orion.types import Message, Record, Request

KEY_VARIABLE = "STUDENT_API_KEY"  # may be unset: most servers of one's own want no key


class ServedStudent:
    """A student behind `student.base_url`. An adapter cannot be loaded from here: serve it under a name of its own."""

    def __init__(
        self, manifest: str | Path, adapter: str | Path | None, student: Student, *, threads: int | None = None
    ) -> None:
        if adapter is not None:
            raise UserError(
                "engine api samples a student as its server has it and cannot load an adapter into it; use engine "
                "transformers or vllm for trained students"
            )
        self.manifest = read_manifest(manifest)
        self.student = student
        key_variable = KEY_VARIABLE if os.environ.get(KEY_VARIABLE) else ""
        self.endpoint = Endpoint(base_url=student.base_url, key_variable=key_variable, send_seed=True)

    @cached_property
    def model(self) -> str:
        """What `Request.model` must say."""
        return policy_name(self.manifest, None)

    @property
    def provenance(self) -> dict[str, Any]:
        """What samples came from, for an artifact's metadata."""
        return {
            "engine": "api",
            "endpoint": self.endpoint.address(),
            "policy": self.model,
            "source": self.manifest.source,
            "revision": self.manifest.revision,
            "thinking": self.student.thinking,
            "system_prompt": self.student.system_prompt,
        }

    def complete(self, requests: Sequence[Request]) -> Iterator[Record]:
        """Yields a record as soon as the server has answered.

        Raises:
            UserError: the server refuses the key or the requests.
        """
        asked = {}
        for request in requests:
            served = self._served(request)
            asked[served.key, served.sampling.max_tokens] = (served, request)
        for record in ApiEngine(self.endpoint).complete([served for served, _ in asked.values()]):
            _, request = asked[record.key, record.max_tokens]
            yield replace(record, key=request.key, request=request_fields(request))

    def _served(self, request: Request) -> Request:
        system = self.student.system_prompt
        messages = request.messages if system is None else (Message("system", system), *request.messages)
        switches = {"chat_template_kwargs": {"enable_thinking": self.student.thinking}}
        return replace(request, model=self.student.model, messages=messages, extra=switches)
