"""How a teacher's hierarchical solutions (SuperCorrect) are asked for."""

from __future__ import annotations

from pydantic import Field

from orion.config.base import Part, Temperature


class Templates(Part):
    """SuperCorrect's hierarchical thought templates (arXiv 2410.09008, section 3.1). The paper gives no decoding."""

    temperature: Temperature = Field("0.2", description="of templates and inspections; the paper is silent")
    max_tokens: int = Field(4096, gt=0, description="of one template, reasoning included; raise it for long solutions")
    rounds: int = Field(3, gt=0, description="inspections of a template; one that fails the last is dropped")
