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


class ScoreTableEntry(Part):
    """Students x methods x benchmarks, scored and tested: one entry of the config's `tables:`."""

    methods: list[str] | None = Field(None, min_length=1, description="rows, in this order; default: all methods")
    students: list[str] | None = Field(None, description="blocks of rows, in this order; default: all")
    benchmarks: list[str] | None = Field(None, description="columns, in this order; default: all")
    decoding: str | None = Field(None, description="what Acc@1 and Acc@k come from; default: the evaluation's headline")
    greedy: str | None = Field(None, description="a greedy decoding, printed beside; leave out for none")
    k: list[int] | None = Field(None, description="Acc@k columns beside Acc@1; default: the evaluation's k")
    majority: list[int] = Field([], description="maj@k columns: the most frequent of k answers")
    answers: list[Literal["tokens", "truncated"]] | None = Field(
        None, description="columns beside the scores: how long answers are, and what share was cut off"
    )
    budgets: list[int] | None = Field(
        None,
        description="token budgets: right within so many tokens counts (tidy file); default: an eighth, a quarter and "
        "a half of the decoding's limit",
    )
    families: dict[str, list[str]] | None = Field(
        None, description="named groups of benchmarks to average over (tidy file); default: those of known benchmarks"
    )
    baselines: list[str] = Field(
        BASELINES, description="methods of others: a dagger marks what no test separates from their best"
    )
    reference: str | None = Field(
        None, description="print differences to this method, as an ablation does; leave out for none"
    )
    confidence: float = Field(0.95, gt=0.5, lt=1, description="coverage of the intervals; tests use 1 - confidence")
    paper: Literal["ORION", "EDIT", "SuperCorrect"] | None = Field(
        None, description="whose numbers stand beside ours, and whose claims are put to the test; leave out for none"
    )

    @field_validator("k", "majority", "budgets")
    @classmethod
    def _positive(cls, value: list[int] | None) -> list[int] | None:
        if any(number < 1 for number in value or []) or len(set(value or [])) < len(value or []):
            raise ValueError("write distinct numbers of 1 and more")
        return value


class ScoreTable(ScoreTableEntry):
    """The entry with what the rest of the config says filled in: the `--spec` of the program."""

    name: str = Field("main", pattern=r"^[a-z][a-z0-9-]*$", description="file name: main, ablation, matched, ...")
    methods: list[str] = Field(min_length=1)
    decoding: str
    k: list[int] = Field([10])
    budgets: list[int] = Field([])
    families: dict[str, list[str]] = Field({})
    labels: dict[str, str] = Field({}, description="how Markdown and LaTeX call a method, student or benchmark")
    teacher: Literal["model", "script"] | None = Field(
        None, description="what the teacher was; a caption says a script"
    )

    @property
    def ks(self) -> list[int]:
        """The k of the Acc@k columns: 1 first."""
        return [1, *(k for k in self.k if k != 1)]

    def label(self, name: str) -> str:
        return self.labels.get(name) or LABELS.get(name) or name
