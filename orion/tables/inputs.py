"""Which artifacts of a study the tables are made from: the lists that `rules/tables.smk` takes as input."""

from __future__ import annotations

from typing import NamedTuple

from orion.config.methods import Stage
from orion.config.study import Study
from orion.methods import DATA


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
        for method, recipe in study.methods.items()
        for seed in (study.seeds if recipe.varies else study.seeds[:1])
    ]


def trainings(study: Study) -> list[Training]:
    return [Training(s, m, n, stage) for s, m, n in policies(study) for stage in study.methods[m].stages]


def _needed(study: Study, artifact: str) -> list[Training]:
    return [training for training in trainings(study) if artifact in DATA[training.stage.data].needs]


def completions(study: Study) -> list[str]:
    """Artifacts that hold completions, in the order of the pipeline, without the folder `results`."""
    with_errors = [t for t in _needed(study, "refined") if t.stage.feedback == "error-and-cot"] + _needed(
        study, "errors"
    )
    exposed = [
        f"{t.student}/base/train/t{temperature}" for t in with_errors for temperature in study.exposure.temperatures
    ]
    refined = [f"{t.student}/refined/{t.stage.feedback}" for t in _needed(study, "refined")]
    sampled = [
        f"{s}/{m}/seed{n}/{benchmark}/{decoding}"
        for s, m, n in policies(study)
        for benchmark in study.benchmarks
        for decoding in study.evaluation.decodings
    ]
    shown = any(recipe.solver == "few-shot" for recipe in study.methods.values())
    duals = [f"teacher/{study.teacher}/duals"] if _needed(study, "duals") else []
    templates = [f"teacher/{study.teacher}/templates"] if _needed(study, "templates") else []
    cots = [f"teacher/{study.teacher}/cots"] if _needed(study, "cots") or refined or duals or shown else []
    return list(dict.fromkeys([*cots, *duals, *templates, *exposed, *refined, *sampled]))


def completion_files(study: Study) -> list[str]:
    return [f"results/{path}.parquet" for path in completions(study)]


def training_stats(study: Study) -> list[str]:
    return [f"results/{training.path}/training_log.stats.json" for training in trainings(study)]


def filter_stats(study: Study) -> list[str]:
    """The stats file of every stage that drops rows."""
    filtered = [path for path in completions(study) if path.startswith("teacher/") or "/refined/" in path]
    exposed = [path.partition("/base/")[0] for path in completions(study) if "/base/train/" in path]
    filtered += [f"{student}/errors" for student in dict.fromkeys(exposed)]
    filtered += [f"{training.path}.training_set" for training in trainings(study)]
    if study.decontamination:
        filtered.append("problems/train")
    return [f"results/{path}.stats.json" for path in filtered] + training_stats(study)


def benchmark_files(study: Study) -> list[str]:
    """Snakemake's measurements of the jobs behind the completions and the trainings."""
    paths = [*completions(study), *(training.path for training in trainings(study))]
    return [f"benchmarks/{path}.tsv" for path in paths]
