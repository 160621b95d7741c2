"""How a student's first wrong steps are found and corrected (SuperCorrect, second stage)."""

from __future__ import annotations

from pydantic import Field

from orion.config.base import Part, Temperature
from orion.config.sampling import Decoding, Exposure


class Corrections(Part):
    """SuperCorrect's pairs of the teacher's and the student's own correction of a step (arXiv 2410.09008, section
    3.2). The paper gives no decoding."""

    exposure: Exposure | None = Field(
        None,
        description="how the policy of the stage before answers the training problems; left out: as the untrained "
        "student does (`exposure`). Templates are longer than plain solutions: raise its max_tokens",
    )
    temperature: Temperature = Field("0.2", description="of the teacher; the paper is silent")
    max_tokens: int = Field(4096, gt=0, description="of what the teacher says about one step, reasoning included")
    rounds: int = Field(3, gt=0, description="inspections of a correction; one that fails the last is dropped")
    student_temperature: Temperature = Field(
        "0.6", description="of the student's own correction, the rejected side; the paper is silent"
    )
    student_top_p: float | None = Field(0.9, gt=0, le=1, description="nucleus sampling of it; the paper is silent")
    student_max_tokens: int = Field(1024, gt=0, description="of it; one that was cut off is dropped")
    need_form: bool = Field(
        False,
        description="drop pairs whose rejected side is no <Cause> and <Correction>; otherwise whatever the student "
        "wrote is the rejected side, and its form is unlearned, too. The paper is silent",
    )

    def own(self) -> Decoding:
        """How the student is sampled for its own correction."""
        return Decoding(
            temperature=self.student_temperature, max_tokens=self.student_max_tokens, top_p=self.student_top_p
        )
