"""Which artifacts of a study the tables are made from: the lists that `rules/tables.smk` takes as input."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from orion.config.methods import Stage
from orion.config.study import Study
from orion.methods import needed_by


class Training(NamedTuple):
    student: str
    method: str
    seed: int
    stage: Stage

    @property
    def path(self) -> str:
        return f"{self.student}/{self.method}/seed{self.seed}/{self.stage.folder}"


def policies(study: Study) -> list[tuple[str, str, int]]:
    """Every policy that is scored: (student, method, training seed). What is not trained has no seeds to vary."""
    return [
        (student, method, seed)
        for student in study.students
        for method in study.methods
        for seed in study.seeds_of(method)
    ]


def trainings(study: Study) -> list[Training]:
    return [Training(s, m, n, stage) for s, m, n in policies(study) for stage in study.methods[m].stages]


def _needed(study: Study, artifact: str) -> list[Training]:
    return [training for training in trainings(study) if artifact in needed_by(training.stage)]


_LAST: list[tuple[Study, list[str]]] = []


def completions(study: Study) -> list[str]:
    """Artifacts that hold completions, in the order of the pipeline, without the folder `results`."""
    if not _LAST or _LAST[0][0] is not study:  # the rules ask two dozen times
        _LAST[:] = [(study, _completions(study))]
    return _LAST[0][1]


def _completions(study: Study) -> list[str]:
    after_errors = [t for t in _needed(study, "refined") if t.stage.feedback == "error-and-cot"]
    exposed = [
        f"{t.student}/base/train/t{temperature}"
        for t in [*after_errors, *_needed(study, "errors"), *_needed(study, "exposure")]
        for temperature in study.exposure.temperatures
    ]
    refined = [f"{t.student}/refined/{t.stage.feedback}" for t in _needed(study, "refined")]
    corrected = [
        f"{policy}/{name}"
        for policy in corrected_policies(study)
        for name in (
            *(f"train/t{temperature}" for temperature in study.stage_exposure.temperatures),
            *("locations", "own_corrections", "corrections"),
        )
    ]
    sampled = [
        f"{s}/{m}/seed{n}/{benchmark}/{decoding}"
        for s, m, n in policies(study)
        for benchmark in study.benchmarks
        for decoding in study.evaluation.decodings
    ]
    return list(dict.fromkeys([*_taught(study, bool(refined)), *exposed, *refined, *corrected, *sampled]))


def corrected_policies(study: Study) -> list[str]:
    """The stages whose errors are corrected, {student}/{method}/seed{n}/{stage}."""
    return [
        training._replace(stage=before).path
        for training in _needed(study, "corrections")
        if (before := study.methods[training.method].before(training.stage.folder))
    ]


def corrected(study: Study) -> list[Training]:
    """The stages that learn from corrections, one of those that start from the same policy: the others find all of it
    in the store."""
    first: dict[Any, Training] = {}
    for training in _needed(study, "corrections"):
        recipe = study.methods[training.method]
        stages = recipe.stages[: recipe.stages.index(training.stage)]
        first.setdefault((training.student, training.seed, recipe.ask, *(stage.spec() for stage in stages)), training)
    return list(first.values())


def _taught(study: Study, refined: bool) -> list[str]:
    """What is asked of which teacher, CoTs first."""
    shown = any(recipe.solver == "few-shot" for recipe in study.methods.values())
    asked = {
        name: [study.teacher_of(training.stage) for training in _needed(study, name)]
        for name in ("cots", "duals", "mistakes", "templates")
    }
    edits = [(study.teacher_of(t.stage), f"edited/{t.stage.edits}") for t in _needed(study, "edited")]
    asked["cots"] += asked["duals"] + [teacher for teacher, _ in edits]
    asked["cots"] += [study.teacher] if refined or shown else []
    whole = [(teacher, name) for name, teachers in asked.items() for teacher in teachers] + edits
    return [f"teacher/{teacher}/{name}" for teacher, name in dict.fromkeys(whole)]


def teachers(study: Study) -> list[str]:
    """The teachers that a study asks for CoTs; the first one where no method needs any."""
    asked = [path.split("/")[1] for path in completions(study) if re.fullmatch(r"teacher/[^/]+/cots", path)]
    return asked or [study.teacher]


def completion_files(study: Study) -> list[str]:
    return [f"results/{path}.parquet" for path in completions(study)]


def training_stats(study: Study) -> list[str]:
    return [f"results/{training.path}/training_log.stats.json" for training in trainings(study)]


def filter_stats(study: Study) -> list[str]:
    """The stats file of every stage that drops rows."""
    filtered = [path for path in completions(study) if path.startswith("teacher/") or "/refined/" in path]
    exposed = [path.partition("/base/")[0] for path in completions(study) if "/base/train/" in path]
    filtered += [f"{student}/errors" for student in dict.fromkeys(exposed)]
    filtered += [
        f"{policy}/{name}"
        for policy in corrected_policies(study)
        for name in ("errors", "locations", "own_corrections", "corrections")
    ]
    filtered += [f"{training.path}.training_set" for training in trainings(study)]
    if study.decontamination:
        filtered.append("problems/train")
    return [f"results/{path}.stats.json" for path in filtered] + training_stats(study)


def benchmark_files(study: Study) -> list[str]:
    """Snakemake's measurements of the jobs behind the completions and the trainings."""
    paths = [*completions(study), *(training.path for training in trainings(study))]
    return [f"benchmarks/{path}.tsv" for path in paths]


def category(table: str) -> str:
    """Where a table stands in the report."""
    return {"data": "Data", "cost": "Cost"}.get(table, "Tables")
