"""The config keys on which the explorer's page depends."""

from __future__ import annotations

from orion.config.base import Part


class ExplorerSpec(Part):
    """`methods` in the order in which they are shown, named by `labels`; changes are counted against `base`."""

    students: list[str]
    methods: list[str]
    labels: dict[str, str]
    base: str | None = None
