"""What `rules/analysis.smk` asks about analyses and figures: which ones a study has, what each looks at, its spec."""

from __future__ import annotations

from orion.config.study import Study
from orion.tables.inputs import Training, completion_files, trainings
from orion.types import canonical

NAMES = ["entropy", "lengths", "funnel", "distance", "key_tokens"]


def looked_at(study: Study, student: str, analysis: str) -> list[str]:
    """The artifacts that an analysis is made from; none where the study's methods give it nothing to look at."""
    own = f"results/{student}/"
    made = [path for path in completion_files(study) if path.startswith(own)]
    refined = [path for path in made if "/refined/" in path]
    arms = [training for training in trainings(study) if training.student == student]
    if analysis == "entropy":
        return [f"results/{arm.path}/training_log.parquet" for arm in arms]
    if analysis == "lengths":
        sets = [f"results/{arm.path}.training_set.parquet" for arm in arms if arm.seed == study.seeds_of(arm.method)[0]]
        return [f"results/models/{student}/manifest.json", *sets] if sets else []
    if analysis == "key_tokens":
        sets = [f"results/{arm.path}.training_set.parquet" for arm in key_step_arms(study) if arm.student == student]
        return [f"results/models/{student}/manifest.json", *sets] if sets else []
    if analysis == "funnel":
        rewrites = [path for path in refined if path.endswith("/error-and-cot.parquet")]
        exposed = [path for path in made if "/base/train/" in path]
        return ["results/problems/train.parquet", f"{own}errors.parquet", *exposed, *rewrites] if rewrites else []
    return [f"results/teacher/{study.teacher}/cots.parquet", *refined] if refined else []


def analyses(study: Study) -> list[str]:
    """`{student}/{analysis}` of all that the study can give."""
    return [f"{student}/{name}" for student in study.students for name in NAMES if looked_at(study, student, name)]


def spec(study: Study, student: str, analysis: str) -> str:
    """Only the tokenizer's student decides anything."""
    return study.students[student].spec() if analysis in ("lengths", "key_tokens") else "{}"


def key_step_arms(study: Study) -> list[Training]:
    """The stages that learn key steps, once for each student and method."""
    return [
        arm for arm in trainings(study) if arm.stage.objective == "krsl" and arm.seed == study.seeds_of(arm.method)[0]
    ]


def dual_pages(study: Study) -> list[str]:
    return [f"results/report/duals/{arm.student}/{arm.method}/{arm.stage.folder}.html" for arm in key_step_arms(study)]


def figure_spec(study: Study) -> str:
    return canonical({"labels": {name: recipe.label or name for name, recipe in study.methods.items()}})
