"""A teacher: who writes the CoTs, how it is asked, and where it is reached."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from orion.config.base import Part, Temperature
from orion.config.endpoint import Endpoint
from orion.types import Sampling


class Columns(Part):
    """Which columns of a file of recorded traces hold what. The defaults are those of OpenR1-Math-220k."""

    id: str | None = Field(
        default=None, description="set it where the file's ids are those of your problems; else problems meet by text"
    )
    problem: str = Field(default="problem", description="the problem's text; what traces are found by without `id`")
    generations: str = Field(
        default="generations", description="a list of whole outputs, or one output; unused where `response` is set"
    )
    response: str | None = Field(default=None, description="the final response, where it has a column of its own")
    reasoning: str | None = Field(default=None, description="the reasoning, where it has a column of its own")
    finish_reason: str | None = Field(
        default=None, description="why each output ended; set it so that cut-off ones are told apart by more than looks"
    )


class Teacher(Part):
    """Where CoTs come from. A key that changes answers asks anew; `endpoint` changes none and reruns nothing."""

    source: Literal["embedded", "api", "batch", "file"] = Field(
        description="api: an OpenAI-compatible endpoint; batch: the same at its batch price, within a day; file: "
        "recorded traces; embedded: a script (no model) that solves the arithmetic problems and runs anywhere"
    )
    model: str = Field(default="", description="the endpoint's name for the model; for a file, a name of your choice")
    temperature: Temperature = Field(default="0.6", description="of the draws; the model's card says what suits it")
    top_p: float = Field(default=0.95, gt=0, le=1, description="nucleus sampling; 1 for none")
    max_tokens: int = Field(
        default=32768,
        gt=0,
        description="of reasoning and response; raise it if many are cut off: only those are asked again",
    )
    draws: int | None = Field(
        default=None,
        gt=0,
        description="most draws a problem until the answer is right; none: 1, or all that a file holds",
    )
    reasoning: bool = Field(
        default=True, description="stop at the first responses without reasoning; false for teachers that do not think"
    )
    question: str | None = Field(
        default=None,
        exclude=True,  # it is in the spec of the CoTs, and in no other
        description="asks this teacher to solve {problem} otherwise than `prompts.question` does, as a model that does "
        "not reason by itself needs to be asked to think at length",
    )
    extra: dict[str, Any] | None = Field(
        default=None, description="further fields of the request's body that change the answer, as reasoning_effort"
    )
    tolerate_gaps: bool = Field(
        default=False,
        description="go on without the responses that could not be had, and count them, instead of failing",
    )
    path: str | None = Field(
        default=None,
        description="file: a parquet or JSON-lines file, or a name with * for several; "
        "hf://datasets/ORG/NAME@REVISION/FILES for a dataset of the hub",
    )
    columns: Columns | None = Field(default=None, description="file: where its columns differ from OpenR1-Math-220k's")
    endpoint: Endpoint | None = Field(
        default=None,
        exclude=True,
        description="where and how hard to ask; see its own keys. It is in no spec and no key",
    )

    @field_validator("extra")
    @classmethod
    def _no_secrets(cls, extra: dict[str, Any] | None) -> dict[str, Any] | None:
        ours = {"model", "messages", "stream", "n", "max_tokens", "temperature", "top_p", "seed"}
        if extra and (taken := ours & extra.keys()):
            raise ValueError(f"'{min(taken)}' has its own key or is not for you to set")
        return extra

    @field_validator("question")
    @classmethod
    def _has_a_problem(cls, question: str | None) -> str | None:
        if question is not None and "{problem}" not in question:
            raise ValueError("the text needs the hole {problem}")
        return question

    @model_validator(mode="after")
    def _whole(self) -> Teacher:
        if self.source in ("api", "batch") and not self.model:
            raise ValueError(f"source {self.source} needs `model`, the endpoint's name for it")
        if (self.source == "file") is not bool(self.path):
            raise ValueError("`path` and source `file` belong together")
        return self

    @property
    def name(self) -> str:
        """What requests and the store know it by."""
        return self.model or {"embedded": "scripted-r1", "file": f"file:{self.path}"}[self.source]

    @property
    def kind(self) -> str:
        """Whether a script or a model speaks: a simulated part is named so wherever one meets it."""
        return "script" if self.source == "embedded" else "model"

    @property
    def most_draws(self) -> int:
        return self.draws or 1

    def sampling(self, *, temperature: float | None = None, max_tokens: int | None = None) -> Sampling:
        """How it is sampled, for CoTs as set here; other kinds of requests may want it cooler or shorter."""
        return Sampling(
            temperature=float(self.temperature) if temperature is None else temperature,
            max_tokens=self.max_tokens if max_tokens is None else max_tokens,
            top_p=self.top_p if self.top_p < 1 else None,
        )
