"""What answers requests: one file an engine, each a class with `complete(requests) -> iterator of records`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from orion.errors import UserError
from orion.types import Engine

CLASSES = {
    "api": ("orion.engines.api", "ApiEngine"),
    "served": ("orion.engines.served", "ServedStudent"),
    "batch": ("orion.engines.batch", "BatchEngine"),
    "transformers": ("orion.engines.transformers", "TransformersEngine"),
    "vllm": ("orion.engines.vllm", "VllmEngine"),
}


def make_engine(name: str, **options: Any) -> Engine:
    """The engine `name`, built with its own options. Nothing dear happens before its first request.

    Raises:
        UserError: there is no such engine.
    """
    if name == "api" and "student" in options:  # a student is more than an address
        name = "served"
    if name not in CLASSES:
        raise UserError(f"there is no engine {name!r}; the engines are {', '.join(CLASSES)}")
    module, cls = CLASSES[name]
    engine: Engine = getattr(import_module(module), cls)(**options)
    return engine
