"""A judge: a model that compares CoTs and names the errors of the student, for the analyses."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from orion.config.base import Part, Temperature
from orion.config.teacher import Teacher


class Preference(Part):
    """Which method's CoT the judge prefers (ORION: a choice among four). It sees neither names nor the right answer."""

    methods: list[str] | None = Field(
        None,
        min_length=2,
        max_length=8,
        description="whose CoTs, those that they are trained on, are compared; left out: the first four that train",
    )
    problems: int = Field(200, gt=0, description="on so many problems that all of them have; the paper is silent")
    orders: int = Field(
        4,
        ge=2,
        description="times that a choice is asked, each in another order of the CoTs: an even number puts each of them "
        "first as often as last",
    )
    pairs: bool = Field(True, description="also compare two at a time, in both orders; false asks the choices alone")
    similar: float = Field(
        1.25,
        ge=1,
        description="the longest CoT in characters over the shortest, up to which they count as of similar length",
    )

    @field_validator("methods")
    @classmethod
    def _distinct(cls, value: list[str] | None) -> list[str] | None:
        if len(set(value or [])) < len(value or []):
            raise ValueError("a method stands there twice")
        return value


class Errors(Part):
    """Which type the untrained student's errors are of (ORION: 500 of them), and which of them a method corrects."""

    problems: Literal["train", "benchmarks"] = Field(
        "benchmarks",
        description="benchmarks: errors in the evaluation, on problems that no method has seen; nothing is sampled "
        "anew. train: errors in the exposure; all methods are sampled anew on these problems, which some trained on",
    )
    limit: int = Field(500, gt=0, description="at most so many problems with an error, and so many that were right")


class Judge(Part):
    """Who judges, and what. Without it these analyses are not made."""

    teacher: Teacher = Field(description="who is asked, in the form of an entry of `teachers`; not a file")
    temperature: Temperature = Field("0", description="of judgements; 0 for the same again. The paper is silent")
    max_tokens: int = Field(
        2048, gt=0, description="of a judgement, reasoning included; cut-off ones are counted, and no judgement"
    )
    preference: Preference | None = Field(None, description="comparison of CoTs; {} with all defaults, left out: none")
    errors: Errors | None = Field(None, description="types of errors; {} with all defaults, left out: none")

    @model_validator(mode="after")
    def _can_be_asked(self) -> Judge:
        if self.teacher.source == "file":
            raise ValueError("recorded traces judge nothing; give the judge source api, batch or embedded")
        if self.preference is None and self.errors is None:
            raise ValueError("nothing to judge: add `preference: {}` or `errors: {}`, or take the judge out")
        return self
