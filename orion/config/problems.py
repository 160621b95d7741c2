"""Where training problems and benchmarks come from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from orion.benchmarks.entry import BenchmarkSource
from orion.config.base import Part


class ArithmeticSource(Part):
    """Seeded arithmetic word problems, made on the spot (orion/problems/arithmetic.py)."""

    source: Literal["arithmetic"]
    families: dict[str, int] = Field(description="how many of each of one-step, two-step, three-step, four-step")
    numbers: tuple[int, int] = Field((2, 12), description="range of the numbers drawn; larger ones are harder")
    seed: int = Field(0, description="another seed gives other problems")

    @property
    def files(self) -> list[str]:
        """Local files that are read: none."""
        return []


ProblemSource = Annotated[ArithmeticSource | BenchmarkSource, Field(discriminator="source")]


class ProblemsSpec(Part):
    """The config keys on which a problems file depends."""

    problems: ProblemSource
