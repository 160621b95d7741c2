"""Which config keys each rule depends on: the one place that cuts a study into the specs of its stages.

Each function returns canonical JSON, which a rule takes as its `spec` param and hands to the stage's program. What is
not in it cannot rerun the rule; what is in it does.
"""

from __future__ import annotations

from pathlib import Path

from orion.benchmarks.known import KNOWN, known_name
from orion.config.duals import Duals
from orion.config.editing import Editing
from orion.config.endpoint import Endpoint
from orion.config.methods import Recipe, Stage
from orion.config.problems import ProblemSource, ProblemsSpec
from orion.config.study import Study
from orion.config.templates import Templates
from orion.config.training import TrainingSpec
from orion.decontamination import Decontamination
from orion.error_set import ErrorSetSpec
from orion.methods import CHOOSER, DATA
from orion.methods.build import TrainingSetSpec
from orion.own_corrections import OwnCorrectionsSpec
from orion.refinement import RefinementSpec
from orion.sample import SampleSpec
from orion.solvers import SOLVERS
from orion.tables.config import ScoreTable
from orion.tables.inputs import policies
from orion.teacher.corrections import PROMPTS as CORRECTION_PROMPTS
from orion.teacher.corrections import CorrectionsSpec
from orion.teacher.cots import TeacherSpec
from orion.teacher.duals import DualsSpec
from orion.teacher.locations import LocationsSpec
from orion.teacher.mistakes import MistakesSpec
from orion.teacher.passes import PassesSpec
from orion.teacher.templates import PROMPTS as TEMPLATE_PROMPTS
from orion.teacher.templates import TemplatesSpec


class Specs:
    def __init__(self, study: Study) -> None:
        self.study = study

    def _source(self, name: str) -> ProblemSource:
        return self.study.problems if name in ("train", "raw/train") else self.study.benchmarks[name]

    def problems(self, name: str) -> str:
        return ProblemsSpec(problems=self._source(name)).spec()

    def problem_files(self, name: str) -> list[str]:
        """The user's files that a problems file is made from, for a rule's input."""
        return self._source(name).files

    def student(self, name: str) -> str:
        return self.study.students[name].spec()

    def teacher(self, name: str) -> str:
        study = self.study
        teacher = study.teachers[name]
        question = teacher.question or study.prompts.question
        return TeacherSpec(teacher=teacher, question=question, grading=study.grading).spec()

    def duals(self, name: str) -> str:
        study = self.study
        return DualsSpec(
            teacher=study.teachers[name],
            duals=study.duals or Duals.model_validate({}),
            prompts={"edit_rectify": study.prompts.edit_rectify, "edit_corrupt": study.prompts.edit_corrupt},
            grading=study.grading,
        ).spec()

    def mistakes(self, name: str) -> str:
        study = self.study
        return MistakesSpec(teacher=study.teachers[name], prompt=study.prompts.edit_mistake).spec()

    def passes(self, name: str, passes: str) -> str:
        study = self.study
        texts = study.prompts.model_dump()
        names = passes.split("-")
        return PassesSpec(
            teacher=study.teachers[name],
            passes=names,
            editing=study.editing or Editing.model_validate({}),
            prompts={name: texts[f"pass_{name}"] for name in names},
            grading=study.grading,
        ).spec()

    def templates(self, name: str) -> str:
        study = self.study
        texts = study.prompts.model_dump()
        return TemplatesSpec(
            teacher=study.teachers[name],
            templates=study.templates or Templates.model_validate({}),
            prompts={name: texts[name] for name in TEMPLATE_PROMPTS},
            grading=study.grading,
        ).spec()

    def corrector(self, method: str, folder: str) -> str:
        """The teacher who corrects the errors of a stage's policy: that of the stage after it."""
        stages = self.study.methods[method].stages
        return self.study.teacher_of(stages[[stage.folder for stage in stages].index(folder) + 1])

    def locations(self, teacher: str, most: int | None = None) -> str:
        """The first wrong steps of errors; of at most so many."""
        study, settings = self.study, self.study.correcting
        return LocationsSpec(
            teacher=study.teachers[teacher],
            temperature=settings.temperature,
            max_tokens=settings.max_tokens,
            prompt=study.prompts.correct_locate,
            most=most,
        ).spec()

    def own_corrections(self, student: str, locate: bool = False) -> str:
        prompts = {"correct_step": self.study.prompts.correct_step}
        if locate:
            prompts["correct_locate"] = self.study.prompts.correct_locate
        return OwnCorrectionsSpec(
            student=self.study.students[student], decoding=self.study.correcting.own(), prompts=prompts
        ).spec()

    def corrections(self, teacher: str, judge_only: bool = False) -> str:
        study, settings = self.study, self.study.correcting
        texts = study.prompts.model_dump()
        names = ["correct_inspect"] if judge_only else CORRECTION_PROMPTS
        return CorrectionsSpec(
            teacher=study.teachers[teacher],
            temperature=settings.temperature,
            max_tokens=settings.max_tokens,
            rounds=settings.rounds,
            need_form=settings.need_form and not judge_only,
            judge_only=judge_only,
            prompts={name: texts[name] for name in names},
        ).spec()

    def endpoint(self, teacher: str) -> str:
        """Where and how hard to ask: changes no result, so it is no part of a spec."""
        return (self.study.teachers[teacher].endpoint or Endpoint()).spec()

    def trace_files(self, teacher: str) -> list[str]:
        """The files of recorded traces, for a rule's input."""
        path = self.study.teachers[teacher].path
        if path is None or path.startswith("hf://"):
            return []
        folder, pattern = Path(path).parent, Path(path).name
        return sorted(map(str, folder.glob(pattern))) if "*" in pattern else [path]

    def exposure(self, student: str, temperature: str) -> str:
        return self._sample(student, self.study.exposure.decoding(temperature))

    def stage_exposure(self, student: str, method: str, temperature: str) -> str:
        """The policy of a stage answers the training problems, asked as the method is in its evaluation."""
        asked = Recipe(ask=self.study.methods[method].ask)
        return self._sample(student, self.study.stage_exposure.decoding(temperature), asked)

    def stage_errors(self) -> str:
        return ErrorSetSpec(keep_unfinished=self.study.stage_exposure.keep_unfinished).spec()

    def benchmark_errors(self) -> str:
        return ErrorSetSpec().spec()

    def samples(self, student: str, method: str, decoding: str) -> str:
        recipe = self.study.methods[method]
        return self._sample(student, self.study.evaluation.decodings[decoding], recipe)

    def _sample(self, student: str, decoding: object, recipe: Recipe | None = None) -> str:
        study = self.study
        solving = {}
        if recipe and recipe.solver:
            texts = study.prompts.model_dump()
            prompts = {name: texts[name] for name in SOLVERS[recipe.solver].prompts}
            solving = {"solver": recipe.solver, "shots": recipe.shots, "prompts": prompts or None}
        return SampleSpec(
            student=study.students[student],
            question=getattr(study.prompts, (recipe and recipe.ask) or "question"),
            decoding=decoding,
            grading=study.grading,
            **solving,
        ).spec()

    def solver(self, method: str) -> list[str]:
        """The module that a method's answers are made with, beside the sampling itself: it is code they depend on."""
        name = self.study.methods[method].solver
        return [SOLVERS[name].module] if name else []

    def errors(self) -> str:
        return ErrorSetSpec(keep_unfinished=self.study.exposure.keep_unfinished).spec()

    def refinement(self, student: str, feedback: str) -> str:
        study = self.study
        return RefinementSpec(
            student=study.students[student],
            feedback=feedback,
            prompt=study.prompts.refine(feedback),
            refinement=study.refinement,
            grading=study.grading,
        ).spec()

    def stage(self, method: str, folder: str) -> Stage:
        return next(stage for stage in self.study.methods[method].stages if stage.folder == folder)

    def training_set(self, method: str, folder: str) -> str:
        # How it is trained is no matter of what it is trained on, and whose CoTs these are is said by the input's path.
        stage = self.stage(method, folder).model_copy(update={"training": None, "teacher": None})
        texts = self.study.prompts.model_dump()
        return TrainingSetSpec(stage=stage, prompts={name: texts[name] for name in DATA[stage.data].prompts}).spec()

    def training_set_code(self, method: str, folder: str) -> list[str]:
        """The modules that build a training set: the code that it depends on."""
        stage = self.stage(method, folder)
        return ["orion.methods.build", DATA[stage.data].module, *([CHOOSER] if stage.choose else [])]

    def training(self, student: str, method: str, folder: str) -> str:
        stage, training = self.stage(method, folder), self.study.training
        return TrainingSpec(
            student=self.study.students[student],
            objective=stage.objective,
            training=stage.training.over(training) if stage.training else training,
        ).spec()

    def table(self, name: str) -> str:
        """A table of scores: its entry, and what the rest of the config says where the entry is silent.

        Raises:
            UserError: the table shows what the study does not have.
        """
        self.study.check_table(name)
        evaluation, methods, entry = self.study.evaluation, self.study.methods, self.study.tables[name]
        greedy = [name for name, decoding in evaluation.decodings.items() if decoding.temperature == "0"]
        silent = {
            "methods": list(methods),
            "students": list(self.study.students),
            "benchmarks": list(self.study.benchmarks),
            "decoding": evaluation.headline,
            "greedy": greedy[0] if greedy else None,
            "k": evaluation.k,
            "families": self._families(),
            "labels": {name: recipe.label for name, recipe in methods.items() if recipe.label},
        }
        given = silent | entry.model_dump(exclude_none=True)
        if given["decoding"] in evaluation.decodings:
            limit = evaluation.decodings[given["decoding"]].max_tokens
            given.setdefault("budgets", [limit // share for share in (8, 4, 2) if limit >= share])
        table = ScoreTable(**given | {"name": name})
        stages = [stage for method in table.methods if method in methods for stage in methods[method].stages]
        taught = {self.study.teacher, *map(self.study.teacher_of, stages)}
        scripted = any(self.study.teachers[teacher].source == "embedded" for teacher in taught)
        return table.model_copy(update={"teacher": "script" if scripted else "model"}).spec()

    def _families(self) -> dict[str, list[str]]:
        """Benchmarks that Orion knows by name, by family; a family of one says nothing new."""
        found: dict[str, list[str]] = {}
        for name, source in self.study.benchmarks.items():
            known = known_name(source.name or name) if source.source == "known" else None
            if known:
                found.setdefault(KNOWN[known].family, []).append(name)
        return {family: names for family, names in found.items() if len(names) > 1}

    def table_scores(self, name: str) -> list[str]:
        """The scores files of all policies that a table shows."""
        table = ScoreTable.parse(self.table(name))
        return [
            f"results/{student}/{method}/seed{seed}/scores.parquet"
            for student, method, seed in policies(self.study)
            if student in (table.students or []) and method in table.methods
        ]

    def decontamination(self) -> str:
        return (self.study.decontamination or Decontamination()).spec()
