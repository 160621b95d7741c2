"""What `rules/judges.smk` asks about judgements: what they are made from, and their specs."""

from __future__ import annotations

from orion.config.judge import Errors, Judge, Preference
from orion.config.study import Study
from orion.judge.cases import CasesSpec
from orion.judge.errors import ErrorsSpec
from orion.judge.preference import PreferenceSpec
from orion.tables.inputs import policies

CHOSEN = "cases"  # stands where else a benchmark's name does, in paths of samples on the cases' problems


def _judge(study: Study) -> Judge:
    assert study.judge is not None
    return study.judge


def preference(study: Study) -> Preference | None:
    """What is compared; None where nothing is, for want of a judge or of two methods that train."""
    wanted = study.judge and study.judge.preference
    return wanted if wanted and len(compared(study)) > 1 else None


def errors(study: Study) -> Errors | None:
    return study.judge.errors if study.judge else None


def compared(study: Study) -> list[str]:
    trained = [name for name, recipe in study.methods.items() if recipe.stages]
    wanted = study.judge and study.judge.preference
    return (wanted and wanted.methods) or trained[:4]


def training_sets(study: Study, student: str) -> dict[str, str]:
    """By method: what its last stage trains on; one seed stands for all."""
    return {
        method: f"results/{student}/{method}/seed{study.seeds_of(method)[0]}"
        f"/{study.methods[method].stages[-1].folder}.training_set.parquet"
        for method in compared(study)
    }


def case_problems(study: Study) -> list[str]:
    wanted = errors(study)
    names = list(study.benchmarks) if wanted and wanted.problems == "benchmarks" else ["train"]
    return [f"results/problems/{name}.parquet" for name in names]


def case_samples(study: Study, student: str) -> list[str]:
    """The untrained student's samples among which cases are looked for."""
    wanted = errors(study)
    if wanted and wanted.problems == "benchmarks":
        return _evaluated(study, student, [str(study.untrained)])
    return [f"results/{student}/base/train/t{temperature}.parquet" for temperature in study.exposure.temperatures]


def _evaluated(study: Study, student: str, methods: list[str]) -> list[str]:
    return [
        f"results/{student}/{method}/seed{seed}/{benchmark}/{study.evaluation.headline}.parquet"
        for of, method, seed in policies(study)
        if of == student and method in methods
        for benchmark in study.benchmarks
    ]


def new_samples(study: Study, student: str) -> list[str]:
    """What every policy says to the problems of the cases: the evaluation's own samples, or new ones."""
    wanted = errors(study)
    if wanted and wanted.problems == "benchmarks":
        return _evaluated(study, student, list(study.methods))
    return [
        f"results/analysis/{student}/again/{method}/seed{seed}/{CHOSEN}/{study.evaluation.headline}.parquet"
        for of, method, seed in policies(study)
        if of == student
    ]


def _asked(study: Study) -> dict[str, object]:
    judge = _judge(study)
    return {"teacher": judge.teacher, "temperature": float(judge.temperature), "max_tokens": judge.max_tokens}


def preference_spec(study: Study) -> str:
    wanted = preference(study)
    if wanted is None:
        return ""
    # Which methods are compared, the training sets say.
    settings = wanted.model_copy(update={"methods": None})
    return PreferenceSpec(**_asked(study), preference=settings, prompt=study.prompts.judge_preference).spec()


def errors_spec(study: Study) -> str:
    return ErrorsSpec(**_asked(study), prompt=study.prompts.judge_error).spec() if errors(study) else ""


def cases_spec(study: Study) -> str:
    wanted = errors(study)
    return CasesSpec(limit=wanted.limit).spec() if wanted else ""


def endpoint(study: Study) -> str:
    """Where and how hard to ask: changes no result."""
    from orion.config.endpoint import Endpoint

    return ((study.judge and study.judge.teacher.endpoint) or Endpoint()).spec()
