"""What the rules ask about a study beside its specs: which artifacts feed which, and how stage programs are found."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from orion.config.methods import Stage
from orion.config.study import Study
from orion.errors import UserError
from orion.methods import needed_by
from orion.solvers import SOLVERS
from orion.tables import inputs

ROOT = Path(__file__).resolve().parent.parent


def prepare_environment() -> None:
    """Let jobs find this checkout and this interpreter wherever they run, as `python -m orion.<stage>`; a conda
    environment, where one is used, goes in front of both."""
    for name, first in (("PYTHONPATH", ROOT), ("PATH", Path(sys.executable).parent)):
        rest = [part for part in os.environ.get(name, "").split(os.pathsep) if part and part != str(first)]
        os.environ[name] = os.pathsep.join([str(first), *rest])


def search_path() -> str:
    """A prefix of shell commands, after Snakemake's own, that lets a conda environment's Python find this checkout."""
    root = shlex.quote(str(ROOT)).replace("{", "{{").replace("}", "}}")
    return f"set -euo pipefail; export PYTHONPATH={root}; "


def refuse_unset_variables(settings: Any) -> None:
    """A profile names what differs from site to site by environment variables: `slurm_partition: $ORION_PARTITION`.
    `settings` are Snakemake's resource settings.

    Raises:
        UserError: names every variable that is not set, and where it is used.
    """
    missing: dict[str, str] = {}
    rules = {f"set-resources.{rule}": given for rule, given in settings.overwrite_resources.items()}
    for where, resources in ({"default-resources": settings.default_resources or {}} | rules).items():
        for name, resource in resources.items():
            raw = str(getattr(resource, "raw", resource))
            for variable in re.findall(r"\$\{?(\w+)", os.path.expandvars(raw)):
                missing.setdefault(variable, f"{where}.{name}")
    if missing:
        names = ", ".join(f"{variable} ({where})" for variable, where in missing.items())
        raise UserError(f"profile: set the environment variables that it names: {names}")


def default_config() -> str:
    """The embedded default: the working directory's, else the project's own."""
    here = Path("config/config.yaml")
    return str(here if here.exists() else ROOT / here)


def whole_config(given: Mapping[str, Any]) -> dict[str, Any]:
    """A config that names students is a whole study; anything less is laid over the embedded default, its teachers in
    front, as the first one is used. Not by `configfile:`, which Snakemake skips where another workflow imports this one
    with a config of its own."""
    if "students" in given:
        return dict(given)
    study = _laid_over(read_yaml(Path(default_config())), given)
    teachers = study.get("teachers") or {}
    first = {name: teachers[name] for name in given.get("teachers") or {} if name in teachers}
    return study | {"teachers": first | teachers}


def read_yaml(path: Path) -> dict[str, Any]:
    """A config file as it stands.

    Raises:
        UserError: no such file, no YAML, or no mapping.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not valid YAML: {error}") from None
    if not isinstance(found, dict):
        raise UserError(f"{path}: a mapping of keys is expected")
    return found


def _laid_over(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Mapping by mapping. A part with another `source` stands alone: the options of one source do not fit another.
    Null takes away what the base has there."""
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        mappings = isinstance(value, Mapping) and isinstance(below, Mapping)
        if value is None:
            result.pop(key, None)
        elif mappings and value.get("source") in (None, below.get("source")):  # type: ignore[union-attr]
            result[key] = _laid_over(below, value)  # type: ignore[arg-type]
        else:
            result[key] = value
    return result


def one_of(names: Iterable[object]) -> str:
    """A closed alternation for a wildcard; one that matches nothing where there are no names."""
    return "|".join(sorted(re.escape(str(name)) for name in names)) or "(?!)"


class Artifacts:
    """Paths that depend on a recipe. `w` are a rule's wildcards: student, method, seed, stage."""

    def __init__(self, study: Study) -> None:
        self.study = study

    def downloads(self) -> list[str]:
        """What is made with files of a hub: students, problems, recorded traces. A hub's files stay in its cache
        (HF_HOME, on a file system that all nodes share); with HF_HUB_OFFLINE=1 nothing else is asked."""
        study = self.study
        found = [f"results/models/{student}/manifest.json" for student in study.students]
        found += [f"results/problems/{name}.parquet" for name in ("train", *study.benchmarks)]
        recorded = [name for name in inputs.teachers(study) if study.teachers[name].source == "file"]
        found += [f"results/teacher/{name}/cots.parquet" for name in recorded]
        if study.analysis and study.analysis.outside:
            found.append("results/analysis/outside/manifest.json")
        return found

    def _stages(self, w: Any) -> list[Stage]:
        return self.study.methods[w.method].stages

    def _adapter(self, w: Any, stage: Stage) -> str:
        return f"results/{w.student}/{w.method}/seed{w.seed}/{stage.folder}/adapter"

    def data(self, w: Any) -> Mapping[str, str | list[str]]:
        """The artifacts that a stage's training set is built from and chosen by, by name."""
        stage = next(stage for stage in self._stages(w) if stage.folder == w.stage)
        teacher = self.study.teacher_of(stage)
        paths: dict[str, str | list[str]] = {
            "problems": "results/problems/train.parquet",
            "cots": f"results/teacher/{teacher}/cots.parquet",
            "edited": f"results/teacher/{teacher}/edited/{stage.edits}.parquet",
            "duals": f"results/teacher/{teacher}/duals.parquet",
            "templates": f"results/teacher/{teacher}/templates.parquet",
            "mistakes": f"results/teacher/{teacher}/mistakes.parquet",
            "exposure": [f"results/{w.student}/base/train/t{t}.parquet" for t in self.study.exposure.temperatures],
            "errors": f"results/{w.student}/errors.parquet",
            "refined": f"results/{w.student}/refined/{stage.feedback}.parquet",
            "corrections": self._before(w, "corrections.parquet"),
            "matched": self.matched(w),
        }
        return {name: paths[name] for name in needed_by(stage)}

    def _before(self, w: Any, name: str) -> str:
        """An artifact about the policy that a stage starts from; no path where there is none."""
        stage = self.study.methods[w.method].before(w.stage)
        return f"results/{w.student}/{w.method}/seed{w.seed}/{stage.folder}/{name}" if stage else ""

    def matched(self, w: Any) -> list[str]:
        """The training sets whose problems a stage may train on: of every stage of the methods that it is matched with,
        for the same student and seed."""
        stage = next(stage for stage in self._stages(w) if stage.folder == w.stage)
        return [
            f"results/{w.student}/{method}/seed{w.seed}/{other.folder}.training_set.parquet"
            for method in stage.match or []
            for other in self.study.methods[method].stages
        ]

    def policy(self, w: Any) -> Mapping[str, str]:
        """What a method answers with, by name: the adapter of its last stage, what its solver takes its examples from;
        nothing for the untrained student."""
        recipe = self.study.methods[w.method]
        given = {"adapter": self._adapter(w, recipe.stages[-1])} if recipe.stages else {}
        needs = SOLVERS[recipe.solver].needs if recipe.solver else ()
        paths = {
            "train": "results/problems/train.parquet",
            "cots": f"results/teacher/{self.study.teacher}/cots.parquet",
        }
        return given | {need: paths[need] for need in needs}

    def policy_options(self, w: Any, input: Any) -> str:
        """Where `orion.sample` finds the policy and its store: paths, which a rule's inputs track."""
        named = dict(input.items())
        given = {name: named[name] for name in ("adapter", "train", "cots") if name in named}
        if "cots" in given:
            given["seed"] = w.seed
        given["store"] = f"{self.study.store}/{w.student}"
        return " ".join(f"--{name} {value}" for name, value in given.items())

    def start_adapter(self, w: Any) -> list[str]:
        """The adapter of the stage before, or nothing for the first one."""
        folders = [stage.folder for stage in self._stages(w)]
        return [self._adapter(w, stage) for stage in self._stages(w)[: folders.index(w.stage)][-1:]]
