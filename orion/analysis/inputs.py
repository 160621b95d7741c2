"""What `rules/analysis.smk` asks about analyses and figures: which ones a study has, what each looks at, its spec."""

from __future__ import annotations

from orion.analysis.likelihood import LikelihoodSpec
from orion.config.analysis import Analysis, Hard
from orion.config.study import Study
from orion.judge import inputs as judged
from orion.tables.inputs import Training, completion_files, policies, trainings
from orion.types import canonical

CORRECTING = ("self_correction", "locating", "stability", "subjects")
NAMES = ["entropy", "perplexity", "lengths", "funnel", "distance", "key_tokens", "preference", "errors", "correction"]
NAMES += CORRECTING
JUDGED = "results/analysis/{}/judged"
OUTSIDE = "results/analysis/outside/manifest.json"


def settings(study: Study) -> Analysis:
    return study.analysis or Analysis.model_validate({})


def readers(study: Study) -> list[str]:
    """Who reads the training sets: the untrained student, and the model from outside where the config names one."""
    return ["base", "outside"] if settings(study).outside else ["base"]


def read_by(reader: str, student: str) -> str:
    """The manifest of a reader."""
    return OUTSIDE if reader == "outside" else f"results/models/{student}/manifest.json"


def likelihood_spec(study: Study, reader: str, student: str) -> str:
    model = settings(study).outside if reader == "outside" else study.students[student]
    return LikelihoodSpec(student=model, problems=settings(study).problems).spec()


def outside_spec(study: Study) -> str:
    outside = settings(study).outside
    return outside.spec() if outside else ""


def _readings(study: Study, student: str, reader: str) -> list[str]:
    """Training sets as a model reads them; one seed stands for all, as for their lengths."""
    return [
        f"results/analysis/{student}/likelihood/{reader}/{arm.method}/{arm.stage.folder}.parquet"
        for arm in trainings(study)
        if arm.student == student and arm.seed == study.seeds_of(arm.method)[0]
    ]


def looked_at(study: Study, student: str, analysis: str) -> list[str]:
    """The artifacts that an analysis is made from; none where the study's methods give it nothing to look at."""
    own = f"results/{student}/"
    made = [path for path in completion_files(study) if path.startswith(own)]
    refined = [path for path in made if "/refined/" in path]
    arms = [training for training in trainings(study) if training.student == student]
    if analysis == "entropy":
        return [f"results/{arm.path}/training_log.parquet" for arm in arms] + _readings(study, student, "base")
    if analysis == "perplexity":
        return [path for reader in readers(study) for path in _readings(study, student, reader)]
    if analysis == "lengths":
        sets = [f"results/{arm.path}.training_set.parquet" for arm in arms if arm.seed == study.seeds_of(arm.method)[0]]
        return [f"results/models/{student}/manifest.json", *sets] if sets else []
    if analysis == "key_tokens":
        sets = [f"results/{arm.path}.training_set.parquet" for arm in key_step_arms(study) if arm.student == student]
        return [f"results/models/{student}/manifest.json", *sets] if sets else []
    if analysis == "preference":
        return [f"{JUDGED.format(student)}/preference.parquet"] if judged.preference(study) else []
    if analysis in ("errors", "correction"):
        types, cases = f"{JUDGED.format(student)}/errors.parquet", f"results/analysis/{student}/cases.parquet"
        more = [cases, *judged.new_samples(study, student)] if analysis == "correction" else []
        wanted = judged.errors(study) and (analysis == "errors" or study.untrained)
        return [types, *more] if wanted else []
    if analysis in CORRECTING:
        return _correcting(study, student, analysis)
    if analysis == "funnel":
        rewrites = [path for path in refined if path.endswith("/error-and-cot.parquet")]
        exposed = [path for path in made if "/base/train/" in path]
        return ["results/problems/train.parquet", f"{own}errors.parquet", *exposed, *rewrites] if rewrites else []
    return [f"results/teacher/{study.teacher}/cots.parquet", *refined] if refined else []


def _correcting(study: Study, student: str, analysis: str) -> list[str]:
    """What SuperCorrect's analyses look at: samples, scores, or what policies made of the same errors."""
    own = [(m, n) for s, m, n in policies(study) if s == student]
    if analysis == "self_correction":
        return [
            f"results/{student}/{m}/seed{n}/{benchmark}/{decoding}.parquet"
            for m, n in own
            if study.methods[m].solver == "self-correct"
            for benchmark in study.benchmarks
            for decoding in study.evaluation.decodings
        ]
    if analysis == "locating":
        folder, locating = f"results/analysis/{student}/locating", study.analysing.locating
        asked = [(m, n) for m in (locating.methods if locating else []) for n in study.seeds_of(m)]
        made = [f"{folder}/{m}/seed{n}/{name}.parquet" for m, n in asked for name in ("own", "judged")]
        return [f"{folder}/locations.parquet", *made] if made else []
    return [f"results/{student}/{m}/seed{n}/scores.parquet" for m, n in own]


def errors_gone_over(study: Study, student: str) -> list[str]:
    """The samples whose errors all policies of the analysis go over: of one method, its first seed."""
    locating = study.analysing.locating
    if locating is None:
        return []
    policy = f"results/{student}/{locating.errors_of}/seed{study.seeds_of(locating.errors_of)[0]}"
    return [f"{policy}/{benchmark}/{study.evaluation.headline}.parquet" for benchmark in study.benchmarks]


def most_errors(study: Study) -> int | None:
    return study.analysing.locating.most if study.analysing.locating else None


def analyses(study: Study) -> list[str]:
    """`{student}/{analysis}` of all that the study can give."""
    return [f"{student}/{name}" for student in study.students for name in NAMES if looked_at(study, student, name)]


def spec(study: Study, student: str, analysis: str) -> str:
    """What an analysis depends on beside its inputs: the student's tokenizer, and which method is untrained."""
    if analysis == "correction":
        return canonical({"base": study.untrained})
    headline = {"decoding": study.evaluation.headline}
    if analysis == "stability":
        return canonical((study.analysing.hard or Hard.model_validate({})).model_dump(exclude_none=True) | headline)
    if analysis == "subjects":
        return canonical(headline)
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
