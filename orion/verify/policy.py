"""How strictly answers are graded: the `grading:` block of the config, one key a policy.

Where graders of the field disagree, the defaults follow what a fair reader of the output would say, and lean to
'wrong' wherever an acceptance could let a false solution into training data. Each key below has a stricter setting.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Grading(BaseModel):
    """Policies and limits of the grader. All defaults are ours: the papers do not describe their graders."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    percent: Literal["lenient", "value"] = Field(
        "lenient",
        description="`lenient`: 50% is 0.5, and is also the bare 50 that a question 'what percent' asks for (not where "
        "the bare number is at most 1, as 0.5 against 0.5%). `value`: 50% is 0.5 only. Change it where golds are never "
        "percentages.",
    )
    units: Literal["lenient", "required"] = Field(
        "lenient",
        description="`lenient`: a unit may be left out or added, but units of measure are converted and must agree. "
        "`required`: "
        "an answer needs the gold's unit. Change it for physics problems whose unit is part of the question.",
    )
    lists: Literal["unordered", "ordered"] = Field(
        "unordered",
        description="Whether the order counts in lists without brackets, as `1, -2`. Most such golds are solution "
        "sets. Tuples, vectors and intervals always count the order, sets in braces never do.",
    )
    equations: Literal["lenient", "required"] = Field(
        "lenient",
        description="`lenient`: `x = 5` agrees with `5`, `x \\in [1, 2]` with `[1, 2]`. `required`: a gold that is an "
        "equation needs an equation.",
    )
    decimal_digits: int | None = Field(
        6,
        ge=3,
        description="A decimal stands for the exact value that it is a rounding of (0.333333 for 1/3) when it shows at "
        "least this many significant digits. null: never. Lower it where golds are rounded.",
    )
    float_tolerance: float = Field(
        1e-3,
        ge=0,
        lt=0.1,
        description="Kind `number`, golds that are no integers (GSM-Hard's floats): an answer that is the gold rounded "
        "to the digits it shows counts while its relative error is at most this; below 0.001 any answer within it "
        "counts, since such golds carry few digits. Integer golds are exact. 0: never.",
    )
    last_number: bool = Field(
        True,
        description="Whether an output that neither boxes nor declares its answer is graded by its last number. False "
        "makes such outputs answerless: set it to keep lucky numbers out of training data.",
    )
    timeout: float = Field(
        3.0,
        gt=0,
        description="Seconds of processor time one symbolic comparison may take before it is given up as unverified. "
        "Raise it if the summary counts many of them.",
    )
    memory_mb: int = Field(
        2048,
        ge=512,
        description="Address space of one symbolic worker, in MB. Lower it where many jobs share a small machine.",
    )
