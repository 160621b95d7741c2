"""What `rules/report.smk` asks about the explorer: its artifacts, its spec, and a digest of its front end."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from orion.analysis.inputs import looked_at
from orion.config.study import Study
from orion.explorer.spec import ExplorerSpec
from orion.tables.inputs import completion_files, policies, trainings

ASSETS = Path(__file__).parent / "assets"


def cots(study: Study) -> list[str]:
    return [path for path in completion_files(study) if re.fullmatch(r"results/teacher/[^/]+/cots\.parquet", path)]


def errors(study: Study) -> list[str]:
    exposed = [path.partition("/base/")[0] for path in completion_files(study) if "/base/train/" in path]
    return [f"{student}/errors.parquet" for student in dict.fromkeys(exposed)]


def refined(study: Study) -> list[str]:
    return [path for path in completion_files(study) if "/refined/" in path]


def judged(study: Study) -> list[str]:
    """What a judge said about errors of the untrained students, where the study has a judge of errors."""
    return [path for student in study.students for path in looked_at(study, student, "errors")]


def sets(study: Study) -> list[str]:
    """The training sets of each method, of its first seed."""
    first = [arm for arm in trainings(study) if arm.seed == study.seeds_of(arm.method)[0]]
    return [f"results/{arm.path}.training_set.parquet" for arm in first]


def samples(study: Study) -> list[str]:
    """The answers of every policy with the decoding of the main table."""
    return [
        f"results/{student}/{method}/seed{seed}/{benchmark}/{study.evaluation.headline}.parquet"
        for student, method, seed in policies(study)
        for benchmark in study.benchmarks
    ]


def spec(study: Study) -> str:
    methods = study.methods.items()
    untrained = [name for name, recipe in methods if not recipe.stages]
    return ExplorerSpec(
        students=list(study.students),
        methods=list(study.methods),
        labels={name: recipe.label or name for name, recipe in methods},
        base=untrained[0] if untrained else None,
    ).spec()


def front_end() -> str:
    """Snakemake does not see that the page is made of these files."""
    whole = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(ASSETS.iterdir())))
    return whole.hexdigest()[:16]
