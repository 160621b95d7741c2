"""How a teacher's duals (EDIT) are asked for."""

from __future__ import annotations

from pydantic import Field

from orion.config.base import Part, Temperature


class Duals(Part):
    """EDIT's right and wrong CoTs of the same problem (arXiv 2405.19737, section 3)."""

    temperature: Temperature = Field("0.2", description="of rectified and corrupted CoTs; the paper's")
    max_tokens: int = Field(2048, gt=0, description="of one CoT, reasoning included; raise it for long CoTs")
    examples: int = Field(
        2, ge=0, description="(wrong, right) pairs that a request for a wrong CoT shows; the paper is silent"
    )
