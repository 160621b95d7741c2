"""Which problems a stage trains on, where a recipe asks for some kind of them (data arms of Minimal CoT and EDIT)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from orion.config.base import Part

Pattern = Literal["logic", "knowledge", "calculation"]


class Choice(Part):
    """Several keys together mean all of them. A `limit` chooses among what is left."""

    difficulty: Literal["easy", "middle", "hard"] | None = Field(
        None, description="a third of the problems by the untrained student's own pass rate, from its exposure samples"
    )
    length: Literal["short", "middle", "long"] | None = Field(
        None, description="a third of the problems by the length of their completions"
    )
    topics: Literal["one", "mixed"] | None = Field(
        None,
        description="one: all from one subject, which the seed chooses among those with enough problems; mixed: as "
        "many of each; goes with `limit`",
    )
    mistakes: Pattern | None = Field(
        None,
        description="data: duals: only pairs with this pattern of mistake, as many as the rarest pattern has, so that "
        "patterns can be compared",
    )

    @model_validator(mode="after")
    def _not_empty(self) -> Choice:
        if self == Choice.model_construct():
            raise ValueError(f"names nothing to choose by; set one of {', '.join(type(self).model_fields)}")
        return self

    @property
    def needs(self) -> tuple[str, ...]:
        """The artifacts that it looks at, beside the training set."""
        wanted = {"exposure": self.difficulty, "mistakes": self.mistakes}
        return tuple(name for name, value in wanted.items() if value is not None)
