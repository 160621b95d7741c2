"""What is looked at beside the scores, for the figures."""

from __future__ import annotations

from pydantic import Field

from orion.config.base import Part
from orion.config.student import Student


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
