"""What a table shows: an entry of the config's `tables:`, and the `--spec` of `python -m orion.tables`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from orion.config.base import Part

LABELS = {
    "vanilla": "Vanilla",
    "sft-label": "SFT(Label)",
    "sft-long-cot": "SFT(Long-CoT)",
    "orion": "ORION",
    "orion-no-error": "ORION w/o Solution Error",
    "orion-no-reflection": "ORION w/o Self-Reflection",
    "edit": "EDIT",
    "supercorrect": "SuperCorrect",
    "minimal-cot": "Minimal CoT",
    "wot": "Wrong-of-Thought",
}
BASELINES = ["vanilla", "sft-label", "sft-long-cot", "minimal-cot", "wot"]


class ScoreTable(Part):
    """Students x methods x benchmarks, scored and tested."""

    name: str = Field("main", pattern=r"^[a-z][a-z0-9-]*$", description="file name: main, ablation, matched, ...")
    methods: list[str] = Field(min_length=1, description="rows, in this order")
    students: list[str] | None = Field(
        None, description="blocks of rows, in this order; leave out for all that were scored"
    )
    benchmarks: list[str] | None = Field(None, description="columns, in this order; leave out for all that were scored")
    decoding: str = Field(description="the sampled decoding that Acc@1 and Acc@k come from")
    greedy: str | None = Field(None, description="a greedy decoding, printed beside; leave out for none")
    k: list[int] = Field([1, 10], min_length=1, description="Acc@k columns; 1 is the mean over draws, k needs k draws")
    majority: list[int] = Field([], description="maj@k columns: the most frequent of k answers")
    budgets: list[int] = Field(
        [], description="token budgets: right answers that took at most so many tokens (tidy file)"
    )
    families: dict[str, list[str]] = Field({}, description="named groups of benchmarks to average over (tidy file)")
    baselines: list[str] = Field(
        BASELINES, description="methods of others: a dagger marks what is not separated from their best"
    )
    reference: str | None = Field(
        None, description="print differences to this method, as an ablation does; leave out for none"
    )
    labels: dict[str, str] = Field({}, description="how Markdown and LaTeX call a method, student or benchmark")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="coverage of the intervals; tests use 1 - confidence")
    paper: str | None = Field("ORION", description="paper whose numbers stand beside ours; leave out for none")
    teacher: Literal["model", "script"] | None = Field(
        None, description="what the teacher was, if the scores do not say it"
    )

    @field_validator("k", "majority", "budgets")
    @classmethod
    def _positive(cls, value: list[int]) -> list[int]:
        if any(number < 1 for number in value) or len(set(value)) < len(value):
            raise ValueError("write distinct numbers of 1 and more")
        return value

    def label(self, name: str) -> str:
        return self.labels.get(name) or LABELS.get(name) or name
