"""A method is a recipe: how its training rows come about and how it is trained, stage by stage. Data, not code."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from orion.config.base import Part
from orion.config.choice import Choice
from orion.config.editing import Pass
from orion.config.training import TrainingChanges

DataName = Literal[
    "labels", "cots", "edited", "refined", "cots-after-error", "rectified", "duals", "refined-over-errors",
    "templates", "corrections",
]  # fmt: skip
PAIRS = ("duals", "refined-over-errors", "corrections")  # data with a rejected side
NO_TEACHER = ("labels", "refined", "refined-over-errors")  # rewrites are made of the first teacher's CoTs
Objective = Literal["sft", "dpo", "krsl"]
SolverName = Literal["wot", "few-shot", "self-correct"]


class Stage(Part):
    """One training stage. Later stages start from the adapter of the stage before."""

    objective: Objective = Field(description="the loss: a trainer in orion/training/objectives")
    data: DataName = Field(description="the training set: a builder in orion/methods")
    feedback: Literal["error-and-cot", "cot"] | None = Field(
        None, description="for data: refined — whether the student sees its own error when it rewrites the CoT"
    )
    teacher: str | None = Field(
        None, description="whose CoTs, duals, templates or corrections: a name in `teachers`; default: the first one"
    )
    passes: list[Pass] | None = Field(
        None, min_length=1, description="for data: edited — how the teacher edits its CoTs, pass after pass"
    )
    choose: Choice | None = Field(None, description="train on some kind of the problems only")
    match: list[str] | None = Field(
        None,
        min_length=1,
        description="methods: train on those problems only that each of them trains on, so that arms differ in nothing "
        "else; with the same `training.max_steps` in all arms their optimisation steps are equal, too",
    )
    limit: int | None = Field(None, gt=0, description="train on so many problems only, a choice seeded by the seed")
    training: TrainingChanges | None = Field(None, description="where this stage trains otherwise than the study")
    name: str | None = Field(None, pattern=r"^[a-z][a-z0-9-]*$", description="folder of the stage; default: objective")

    @property
    def folder(self) -> str:
        return self.name or self.objective

    @property
    def edits(self) -> str:
        """What a file of edited CoTs is called."""
        return "-".join(self.passes or [])

    @model_validator(mode="after")
    def _feedback_belongs_to_refined(self) -> Stage:
        if self.data.startswith("refined") != (self.feedback is not None):
            raise ValueError("'feedback' (error-and-cot or cot) goes with data: refined, and with nothing else")
        if self.data == "refined-over-errors" and self.feedback == "cot":
            raise ValueError("data refined-over-errors needs feedback: error-and-cot; other rewrites have no error")
        if (self.data == "edited") != (self.passes is not None):
            raise ValueError("'passes' (such as [verify, backtrack]) goes with data: edited, and with nothing else")
        if self.passes is not None and len(set(self.passes)) < len(self.passes):
            raise ValueError(f"'passes' {self.passes} names one twice; each is made once")
        if self.choose is not None and self.choose.topics and self.limit is None:
            raise ValueError("'choose.topics' goes with 'limit': it says how many problems of one topic, or of all")
        if self.choose is not None and self.choose.mistakes and self.data != "duals":
            raise ValueError("'choose.mistakes' goes with data: duals, and with nothing else")
        if self.teacher is not None and self.data in NO_TEACHER:
            raise ValueError(f"'teacher' does not go with data: {self.data}, which asks no teacher of its own")
        if self.objective != "sft" and self.data not in PAIRS:
            raise ValueError(f"objective {self.objective} needs pairs: data {' or '.join(PAIRS)}, not {self.data}")
        return self


class Recipe(Part):
    """A row of the tables. Without stages it is the untrained student; with a `solver` it answers in several calls, or
    after examples, instead of at once."""

    stages: list[Stage] = Field([], description="in the order of training")
    solver: SolverName | None = Field(
        None,
        description="wot: solve, check, solve otherwise (Wrong-of-Thought); few-shot: examples of the teacher first; "
        "self-correct: solve, look for a wrong step, correct it, go on from there (SuperCorrect); left out: the "
        "question alone",
    )
    shots: int | None = Field(
        None, gt=0, description="few-shot: teacher CoTs in the prompt, a choice seeded by the seed (3 if left out)"
    )
    ask: Literal["template_question"] | None = Field(
        None,
        description="the text of `prompts` that asks the student in the evaluation, where it was trained on another "
        "than `question`",
    )
    seeds: list[int] | None = Field(
        None, min_length=1, description="training seeds of this method, where they are others than the study's"
    )
    label: str | None = Field(None, description="how tables and figures call it; default: the recipe's name")

    def before(self, folder: str) -> Stage | None:
        """The stage whose adapter a stage starts from."""
        at = [stage.folder for stage in self.stages].index(folder)
        return self.stages[at - 1] if at else None

    @property
    def varies(self) -> bool:
        """Whether training seeds make a difference."""
        return bool(self.stages) or self.solver == "few-shot"

    @model_validator(mode="after")
    def _shots_belong_to_few_shot(self) -> Recipe:
        if self.shots is not None and self.solver != "few-shot":
            raise ValueError("'shots' goes with solver: few-shot, and with nothing else")
        return self

    @model_validator(mode="after")
    def _folders_differ(self) -> Recipe:
        folders = [stage.folder for stage in self.stages]
        if len(set(folders)) < len(folders):
            raise ValueError(f"stages need different names, these are {folders}; give them a 'name'")
        return self

    @model_validator(mode="after")
    def _corrections_need_a_policy(self) -> Recipe:
        if self.stages and self.stages[0].data == "corrections":
            raise ValueError(
                "data: corrections are of the errors that the policy of the stage before makes; put a stage before it, "
                "such as {objective: sft, data: templates}"
            )
        return self
