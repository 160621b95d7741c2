"""How a teacher is asked to edit its CoTs (Minimal CoT's multi-pass editing)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from orion.config.base import Part, Temperature

Pass = Literal["verify", "backtrack", "alternatives", "structure"]


class Editing(Part):
    """Decoding of the passes over a CoT (arXiv 2507.09850). The paper gives none."""

    temperature: Temperature = Field("0.2", description="of every pass; the paper is silent")
    max_tokens: int = Field(8192, gt=0, description="of one edited CoT; raise it for long ones, which passes lengthen")
