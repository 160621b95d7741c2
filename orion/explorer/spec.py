"""The config keys on which the explorer's page depends."""

from __future__ import annotations

from orion.config.base import Part


class ExplorerSpec(Part):
    """`labels` name the methods, in the order in which they are shown; changes are counted against `base`."""

    students: list[str]
    labels: dict[str, str]
    base: str | None = None
