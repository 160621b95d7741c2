"""A policy: a student, with or without an adapter, behind an engine and the store that keeps what it says."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orion.config.sampling import Decoding
from orion.config.student import Student
from orion.types import Engine, Message, Request, Response


@dataclass(frozen=True)
class Policy:
    """`model` is what requests name; `provenance` goes into the metadata of every artifact made with it."""

    engine: Engine
    model: str
    extra: dict[str, Any]
    provenance: dict[str, Any]
    store: Path
    offline: bool = False

    @classmethod
    def from_arguments(cls, arguments: argparse.Namespace, student: Student) -> Policy:
        """From the arguments of `cli.add_policy_arguments`. Loads no model."""
        from orion.engines import make_engine

        engine: Any = make_engine(
            student.engine,
            manifest=arguments.model,
            adapter=arguments.adapter,
            student=student,
            threads=arguments.threads,
        )
        switches = {"thinking": student.thinking or None, "system_prompt": student.system_prompt}
        extra = {name: value for name, value in switches.items() if value is not None}
        # A folder a policy, by what it is: two methods with the same adapter share their samples.
        _, _, adapter = engine.model.partition("+")
        store = arguments.store / (f"adapter-{adapter}" if adapter else "base")
        return cls(engine, engine.model, extra, engine.provenance, store, arguments.offline)

    def request(self, messages: tuple[Message, ...], decoding: Decoding, draw: int, id: str) -> Request:
        return Request(self.model, messages, decoding.sampling(), draw, self.extra, id)

    def complete(self, requests: Sequence[Request]) -> list[Response]:
        from orion.complete import complete
        from orion.progress import Progress
        from orion.store import Store

        return complete(requests, self.engine, Store(self.store), progress=Progress(), offline=self.offline)
