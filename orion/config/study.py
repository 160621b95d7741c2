"""The whole config. `config/config.yaml` is one, the embedded default; this is what any has to be."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationError, field_validator, model_validator

from orion.config.analysis import Analysis
from orion.config.base import Part
from orion.config.corrections import Corrections
from orion.config.duals import Duals
from orion.config.editing import Editing
from orion.config.judge import Judge
from orion.config.messages import explain
from orion.config.methods import Recipe, Stage
from orion.config.problems import ArithmeticSource, ProblemSource
from orion.config.prompts import Prompts
from orion.config.sampling import Evaluation, Exposure, Refinement
from orion.config.student import Student
from orion.config.teacher import Teacher
from orion.config.templates import Templates
from orion.config.training import Training
from orion.decontamination import Decontamination
from orion.errors import UserError
from orion.tables.config import ScoreTableEntry
from orion.verify.policy import Grading

# Names become folders and wildcards: `/` separates axes, so a name is one word.
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
RESERVED = {"problems", "teacher", "models", "analysis", "tables", "figures", "report"}
_SECRET = ("api_key", "apikey", "token", "password", "secret", "hf_token")


class Study(Part):
    """One study: problems, teachers, students, methods, and how all of it is sampled, trained and scored."""

    problems: ProblemSource = Field(description="what students are trained on")
    benchmarks: dict[Name, ProblemSource] = Field(description="what they are scored on")
    teachers: dict[Name, Teacher] = Field(min_length=1, description="the first one's CoTs are the default")
    students: dict[Name, Student] = Field(min_length=1)
    prompts: Prompts
    grading: Grading = Grading()
    exposure: Exposure
    refinement: Refinement
    duals: Duals | None = Field(
        None, description="EDIT's pairs of a right and a wrong CoT; left out: the paper's values"
    )
    editing: Editing | None = Field(None, description="Minimal CoT's passes over a teacher's CoTs; left out: defaults")
    templates: Templates | None = Field(None, description="SuperCorrect's hierarchical solutions; left out: defaults")
    corrections: Corrections | None = Field(
        None, description="SuperCorrect's corrections of wrong steps; left out: defaults"
    )
    training: Training
    seeds: list[int] = Field([0], min_length=1, description="training seeds; several give error bars over training")
    evaluation: Evaluation
    decontamination: Decontamination | None = Field(
        None,
        description="takes training problems out that a benchmark holds too; generated ones never share a problem, so "
        "the embedded default needs none",
    )
    tables: dict[Name, ScoreTableEntry] = Field(
        default_factory=lambda: {"main": ScoreTableEntry()},
        description="tables of scores by name: main, ablation, matched, ...; default: main, with everything",
    )
    analysis: Analysis | None = Field(None, description="what the analyses look at; left out: the study alone")
    judge: Judge | None = Field(
        None, description="who compares CoTs and names types of errors, for the figures; left out: nobody does"
    )
    methods: dict[Name, Recipe] = Field(min_length=1)
    store: str = Field("store", description="folder of every response ever received; share it, never delete it")
    shelf: str = Field("shelf", description="folder of finished adapters by what made them")

    @field_validator("students")
    @classmethod
    def _not_reserved(cls, value: dict[str, Any]) -> dict[str, Any]:
        if taken := RESERVED & value.keys():
            raise ValueError(f"'{min(taken)}' is a folder of results/; give the student another name")
        return value

    @field_validator("tables")
    @classmethod
    def _other_tables(cls, value: dict[str, Any]) -> dict[str, Any]:
        if taken := {"data", "cost"} & value.keys():
            raise ValueError(f"the table '{min(taken)}' is made anyway; give yours another name")
        return value

    @model_validator(mode="after")
    def _known_teachers(self) -> Study:
        for method, recipe in self.methods.items():
            for stage in recipe.stages:
                if stage.teacher is not None and stage.teacher not in self.teachers:
                    raise ValueError(
                        f"methods.{method}: teacher '{stage.teacher}' is none of {', '.join(self.teachers)}; "
                        "add it to `teachers`"
                    )
        return self

    @model_validator(mode="after")
    def _known_correctors(self) -> Study:
        locating = self.analysis.locating if self.analysis else None
        for name in [locating.errors_of, *locating.methods] if locating else []:
            if name not in self.methods:
                raise ValueError(f"analysis.locating: '{name}' is none of the methods {', '.join(self.methods)}")
        return self

    @model_validator(mode="after")
    def _known_matches(self) -> Study:
        for method, recipe in self.methods.items():
            for other in (name for stage in recipe.stages for name in stage.match or []):
                stages = self.methods[other].stages if other in self.methods else []
                why = "" if stages else "trains nothing" if other in self.methods else "is no method of this study"
                if any(stage.match for stage in stages):
                    why = "is matched itself"
                if why:
                    raise ValueError(
                        f"methods.{method}: match '{other}' {why}; name methods that train on all that they have"
                    )
        return self

    @model_validator(mode="after")
    def _disjoint_portions(self) -> Study:
        """Training problems and a benchmark from one place, of which either names a portion, must be its two sides."""
        ours = self.problems
        for name, theirs in self.benchmarks.items():
            if isinstance(ours, ArithmeticSource) or isinstance(theirs, ArithmeticSource):
                continue
            if not (ours.portion or theirs.portion) or ours.origin("problems") != theirs.origin(name):
                continue
            a, b = ours.portion, theirs.portion
            if a is None or b is None or a.take == b.take or (a.test, a.seed) != (b.test, b.seed):
                raise ValueError(
                    f"problems and benchmarks.{name} are read from one place and overlap: give both a `portion` with "
                    "the same test and seed, one with take: train and the other with take: test"
                )
        return self

    @model_validator(mode="after")
    def _can_be_judged(self) -> Study:
        if self.judge is None:
            return self
        trained = [name for name, recipe in self.methods.items() if recipe.stages]
        for name in (self.judge.preference and self.judge.preference.methods) or []:
            if name not in trained:
                raise ValueError(f"judge.preference.methods: '{name}' is none of the methods that train: {trained}")
        if self.judge.errors and self.judge.errors.problems == "benchmarks" and self.untrained is None:
            raise ValueError(
                "judge.errors.problems: benchmarks needs the untrained student's answers to them; add a method without "
                "stages (vanilla: {}), or take problems: train"
            )
        return self

    @property
    def untrained(self) -> str | None:
        """The method that is the student as it came, asked as in training."""
        plain = (name for name, recipe in self.methods.items() if not recipe.stages and recipe.solver is None)
        return next(plain, None)

    @property
    def correcting(self) -> Corrections:
        return self.corrections or Corrections.model_validate({})

    @property
    def analysing(self) -> Analysis:
        return self.analysis or Analysis.model_validate({})

    @property
    def stage_exposure(self) -> Exposure:
        """How the policy of a stage is exposed whose errors are corrected."""
        return self.correcting.exposure or self.exposure

    @property
    def teacher(self) -> str:
        """The default teacher: who is asked where a stage names none."""
        return next(iter(self.teachers))

    def teacher_of(self, stage: Stage) -> str:
        return stage.teacher or self.teacher

    def seeds_of(self, method: str) -> list[int]:
        """The training seeds of a method; one where nothing varies with them."""
        recipe = self.methods[method]
        seeds = recipe.seeds or self.seeds
        return seeds if recipe.varies else seeds[:1]

    def check_table(self, name: str) -> None:
        """A table is made last; what it lacks is said first, when it is asked for. (Not when the config is read: who
        takes a method away need not mend tables that nobody wants.)

        Raises:
            UserError: the table names something that the study does not have, or more draws than are made.
        """
        table, decodings = self.tables[name], self.evaluation.decodings
        for key, asked, known in (
            ("methods", table.methods, self.methods),
            ("students", table.students, self.students),
            ("benchmarks", table.benchmarks, self.benchmarks),
            ("reference", table.reference and [table.reference], table.methods or self.methods),
            ("decoding", table.decoding and [table.decoding], decodings),
            ("greedy", table.greedy and [table.greedy], decodings),
        ):
            if unknown := [one for one in asked or [] if one not in known]:
                raise UserError(
                    f"config: tables.{name}.{key}: there is no '{unknown[0]}'; there are {', '.join(known)}"
                )
        decoding = table.decoding or self.evaluation.headline
        most = max([*(table.k or []), *table.majority], default=0)
        if most > decodings[decoding].draws:
            raise UserError(
                f"config: tables.{name}: k {most} needs as many draws, '{decoding}' has {decodings[decoding].draws}; "
                f"raise evaluation.decodings.{decoding}.draws or lower k"
            )


def _refuse_secrets(config: Any, path: str = "") -> None:
    if isinstance(config, dict):
        for key, value in config.items():
            here = f"{path}.{key}" if path else str(key)
            if str(key).lower() in _SECRET and isinstance(value, str):
                raise UserError(
                    f"config: {here}: secrets do not stand in the config; set an environment variable "
                    "(OPENAI_API_KEY, HF_TOKEN) and name it with 'key_variable'"
                )
            _refuse_secrets(value, here)


def load(config: dict[str, Any], where: str = "config") -> Study:
    """The config as a checked object.

    Raises:
        UserError: a line for every wrong key, with its path, value and remedy.
    """
    _refuse_secrets(config)
    try:
        return Study.model_validate(config)
    except ValidationError as error:
        raise UserError(explain(error, Study, where)) from None
