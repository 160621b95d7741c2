"""What is looked at beside the scores, for the figures."""

from __future__ import annotations

from pydantic import Field

from orion.config.base import Part
from orion.config.student import Student


class Hard(Part):
    """On which problems the stability over repeated runs is looked at (SuperCorrect: 300 of MATH's level 5)."""

    benchmarks: list[str] | None = Field(None, min_length=1, description="left out: all of them")
    levels: list[str] | None = Field(
        None, min_length=1, description="left out: the highest, or all problems where they have no levels"
    )
    problems: int = Field(300, gt=0, description="at most so many of a benchmark, a choice by their hash")


class Locating(Part):
    """Which wrong solutions are gone over by which policies, to see whether they find the wrong step and mend it
    (SuperCorrect). The first teacher is the judge."""

    errors_of: str = Field(
        description="the method whose wrong answers to the benchmarks are gone over, of its first seed"
    )
    methods: list[str] = Field(min_length=1, description="who goes over them; the first one is compared with")
    most: int = Field(500, gt=0, description="errors at most, a choice by their hash; the paper's are 500")


class Analysis(Part):
    """What models read for the analyses. Nothing of it enters the tables."""

    outside: Student | None = Field(
        None,
        description="a fixed model that has no part in the study: the perplexity of every training set under it stands "
        "beside that under the untrained student; leave it out for none",
    )
    problems: int | None = Field(
        None,
        gt=0,
        description="read the CoTs of so many problems only, the same for all methods; leave it out for all of them",
    )
    hard: Hard | None = Field(None, description="the problems of the analysis of stability; left out: defaults")
    locating: Locating | None = Field(
        None, description="who finds and mends wrong steps, and whose; left out: nobody is asked"
    )
