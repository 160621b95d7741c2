"""Where problems come from, if they are not generated: an entry of the config's `benchmarks:`, or its `problems:`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from orion.config.base import Part

Kind = Literal["math", "number", "choice", "text", "brackets", "auto"]


class BenchmarkSource(Part):
    """A known benchmark, a file of your own, or a dataset of the hub."""

    source: Literal["known", "file", "hub"] = Field(
        description="known: a benchmark that Orion knows by name; file: JSONL or parquet; hub: a Hugging Face dataset"
    )
    name: str | None = Field(
        None, description="known: which one (aime24, math500, gsm-hard, ...); default: the name of the config entry"
    )
    path: str | None = Field(
        None, description="file: the file; known: a local copy to read where the hub cannot be reached"
    )
    hub: str | None = Field(None, description="hub: the dataset's id, org/name")
    revision: str | None = Field(
        None, description="hub: commit of the dataset; set it so that a moved branch changes nothing"
    )
    config: str | None = Field(None, description="hub: configuration of the dataset, where it has several")
    split: str | None = Field(None, description="hub: split to read; default: test")
    columns: dict[str, str] = Field(
        {}, description="our column (id, problem, answer, solution, subject, level, kind): its name in the data"
    )
    kind: Kind | None = Field(
        None,
        description="how answers compare: math, number, choice, text or brackets; auto goes by each answer's form; "
        "default: the benchmark's own, else math",
    )
    rows: int | None = Field(None, gt=0, description="expected number of rows; another number is an error")
    exclude: list[str] = Field(
        [],
        description="known: rows to leave out, by list; gsm-hard has unchanged, wrong-label, stale-answer and broken",
    )
    invalid: Literal["error", "drop"] = Field(
        "error", description="rows without problem or answer; drop them where a large public set has some"
    )
    sample: int | None = Field(None, gt=0, description="keep so many problems, a seeded random choice")
    seed: int | None = Field(None, description="of the choice; default 0")

    @model_validator(mode="after")
    def _fits_its_source(self) -> BenchmarkSource:
        if self.source == "file" and not self.path:
            raise ValueError("source: file needs 'path'")
        if self.source == "hub" and not self.hub:
            raise ValueError("source: hub needs 'hub', the dataset's id")
        if self.source != "known" and (self.name or self.exclude):
            raise ValueError("'name' and 'exclude' go with source: known")
        if self.source != "hub" and (self.hub or self.config or self.split):
            raise ValueError("'hub', 'config' and 'split' go with source: hub")
        if self.seed is not None and self.sample is None:
            raise ValueError("'seed' goes with 'sample'")
        return self

    @property
    def files(self) -> list[str]:
        """Local files that are read."""
        return [self.path] if self.path else []
