"""Filling in what the models are asked: the texts are part of the config (`orion/config/prompts.py`)."""

from __future__ import annotations

import re

from orion.types import Message


def fill(template: str, /, **values: str) -> tuple[Message, ...]:
    """One user turn. Only the names that are given are holes, written `{name}`: LaTeX braces stay as they are, and what
    is filled in is never read as a template."""
    holes = re.compile("|".join(rf"\{{({name})\}}" for name in values))
    return (Message("user", holes.sub(lambda match: values[match[0][1:-1]], template)),)
