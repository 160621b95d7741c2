"""What the models are asked. The texts are part of the config; this fills them in.

The same question prompt serves exposure, training and evaluation: one user turn, no system message.
"""

from __future__ import annotations

import re

from pydantic import Field, field_validator

from orion.config.base import Part
from orion.types import Message

_HOLES = re.compile(r"\{(problem|error|reference)\}")


def fill(template: str, **values: str) -> tuple[Message, ...]:
    """One user turn. Only `{problem}`, `{error}` and `{reference}` are holes: LaTeX braces stay as they are, and what
    is filled in is never read as a template."""
    return (Message("user", _HOLES.sub(lambda match: values[match[1]], template)),)


class Prompts(Part):
    """Editing a text redoes what is asked with it, and only that."""

    question: str = Field(description="asks the student and the teacher to solve {problem}")
    refine_error_and_cot: str = Field(description="asks the student to rewrite {reference} for {problem} after {error}")
    refine_cot: str = Field(description="the same without the student's error (ablation 'w/o Solution Error')")
    question_after_error: str = Field(
        description="{problem} with the student's wrong {error} beside it (ablation 'w/o Self-Reflection')"
    )

    @field_validator("*")
    @classmethod
    def _has_holes(cls, text: str, info: object) -> str:
        needed = {
            "question": {"problem"},
            "refine_error_and_cot": {"problem", "error", "reference"},
            "refine_cot": {"problem", "reference"},
            "question_after_error": {"problem", "error"},
        }[getattr(info, "field_name", "")]
        found = set(_HOLES.findall(text))
        if found != needed:
            raise ValueError(
                f"the text has the holes {sorted(found)}; it needs exactly {sorted(needed)}, written like {{problem}}"
            )
        return text

    def refine(self, feedback: str) -> str:
        return {"error-and-cot": self.refine_error_and_cot, "cot": self.refine_cot}[feedback]
