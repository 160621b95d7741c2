"""How a policy is sampled: exposure, refinement and the decodings of the evaluation."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from orion.config.base import Part, Temperature
from orion.types import Sampling


class Decoding(Part):
    """One way to draw samples."""

    temperature: Temperature = Field(description="0 is greedy; higher gives more varied (and more wrong) samples")
    max_tokens: int = Field(gt=0, description="raise it when the truncation rate in the tables is not near zero")
    draws: int = Field(1, gt=0, description="samples a problem; more draws narrow the error bars, none is redone")
    top_p: float | None = Field(None, gt=0, le=1, description="nucleus sampling; leave out for none")
    top_k: int | None = Field(None, gt=0, description="keep only the k likeliest tokens; leave out for none")
    repetition_penalty: float | None = Field(None, gt=0, description="above 1 discourages loops; leave out for none")

    def sampling(self) -> Sampling:
        return Sampling(
            temperature=float(self.temperature),
            max_tokens=self.max_tokens,
            top_p=self.top_p,
            top_k=self.top_k,
            repetition_penalty=self.repetition_penalty,
        )


class Exposure(Part):
    """Error exposure (ORION, section 3.1): the untrained student answers every training problem at several
    temperatures, and what is wrong becomes its error set. The paper gives neither K nor the temperatures."""

    temperatures: list[Temperature] = Field(min_length=1, description="add one for more, and more varied, errors")
    max_tokens: int = Field(gt=0, description="limit of one solution")
    draws: int = Field(1, gt=0, description="samples a problem and temperature")
    top_p: float | None = Field(None, gt=0, le=1, description="nucleus sampling")
    repetition_penalty: float | None = Field(None, gt=0, description="above 1 discourages loops")
    keep_unfinished: bool = Field(
        False,
        description="count cut-off and answerless samples as errors, as the paper's formula does; they hold no "
        "mistake in reasoning, so by default they are flagged and left out",
    )

    @field_validator("temperatures")
    @classmethod
    def _distinct(cls, value: list[str]) -> list[str]:
        if len(set(value)) < len(value):
            raise ValueError("the same temperature stands there twice; use draws for more samples")
        return value

    def decoding(self, temperature: str) -> Decoding:
        return Decoding(
            temperature=temperature,
            max_tokens=self.max_tokens,
            draws=self.draws,
            top_p=self.top_p,
            repetition_penalty=self.repetition_penalty,
        )


class Refinement(Part):
    """Reasoning refinement (ORION, section 3.2): the student rewrites the teacher's CoT, for each of its errors.
    The paper gives no decoding, number of tries or filter beyond the answer's correctness."""

    temperature: Temperature = Field("0.6", description="lower keeps closer to the reference")
    max_tokens: int = Field(gt=0, description="limit of one rewritten CoT")
    top_p: float | None = Field(0.9, gt=0, le=1, description="nucleus sampling")
    tries: int = Field(
        1, gt=0, description="rewrites an error (or a problem, without errors); raise it when few survive"
    )
    max_per_problem: int | None = Field(None, gt=0, description="keep at most so many a problem; the paper keeps all")
    equations: Literal["ignored", "true", "required"] = Field(
        "ignored",
        description="true: drop rewrites that state a false equation between whole numbers, such as 6 * 7 = 54; "
        "required: drop those that state none, too. For students so weak that a right last line says little about the "
        "lines before. Not in the paper",
    )
    leak_filter: bool = Field(
        True, description="drop rewrites that mention the reference or the attempt, or that copy the teacher's CoT"
    )
    max_overlap: float = Field(
        0.9, gt=0, le=1, description="a rewrite more similar to the teacher's CoT than this counts as a copy"
    )

    def decoding(self) -> Decoding:
        return Decoding(temperature=self.temperature, max_tokens=self.max_tokens, draws=self.tries, top_p=self.top_p)


class Evaluation(Part):
    """How every policy is scored."""

    decodings: dict[str, Decoding] = Field(description="one sample file each; names become file names")
    headline: str = Field("sampled", description="the decoding whose Acc@1 and Acc@k the main table shows")
    k: list[int] = Field([10], min_length=1, description="columns Acc@k; no larger than the headline's draws")

    def model_post_init(self, context: object) -> None:
        if self.headline not in self.decodings:
            raise ValueError(f"headline '{self.headline}' is none of the decodings {sorted(self.decodings)}")
        if max(self.k) > self.decodings[self.headline].draws:
            raise ValueError(
                f"k {max(self.k)} needs as many draws, '{self.headline}' has {self.decodings[self.headline].draws}; "
                "raise its draws or lower k"
            )
