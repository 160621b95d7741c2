"""Where problems come from, if they are not generated: an entry of the config's `benchmarks:`, or its `problems:`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from orion.config.base import Part

Kind = Literal["math", "number", "choice", "text", "brackets", "auto"]


class Portion(Part):
    """A data set that has no split of its own, cut in two. Which side a problem is on goes by a hash of its text: equal
    texts are on one side, more data moves none, and two entries that name the same cut are disjoint."""

    take: Literal["train", "test"] = Field(description="the side that this entry reads")
    test: float = Field(0.2, gt=0, lt=1, description="share of the problems that are for testing; EDIT's cut of BBH")
    seed: int = Field(0, description="of the cut; the same in both entries")


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
    portion: Portion | None = Field(
        None, description="one side of a seeded cut, to train and test on the same data set"
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

    def origin(self, name: str) -> str:
        """What is read, whatever part of it: equal for two entries that read the same. `name` is the entry's."""
        return self.path or self.hub or (self.name or name).lower()

    @property
    def files(self) -> list[str]:
        """Local files that are read."""
        return [self.path] if self.path else []
