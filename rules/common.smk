# What the rule files share: the checked config, the digests that rules take as params, and the lists of targets.
# Logic lives in orion/; here is only what Snakemake has to see.
import os
import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

ROOT = Path(str(workflow.current_basedir)).parent
# `python -m orion.<stage>` has to find this checkout and this interpreter wherever the job runs; a conda
# environment, where one is used, goes in front of both.
sys.path.insert(0, str(ROOT))
os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
)
os.environ["PATH"] = os.pathsep.join(
    [str(Path(sys.executable).parent), os.environ["PATH"]]
)

from orion import specs
from orion.code import code_digest
from orion.config.study import load
from orion.errors import UserError

# A config that names students is a whole study; anything less is laid over the embedded default.
if "students" not in config:
    given = dict(config)

    configfile:
        "config/config.yaml"
        if Path("config/config.yaml").exists()
        else str(ROOT / "config/config.yaml")

    update_config(config, given)


try:
    study = load(config)
except UserError as error:
    raise WorkflowError(str(error)) from None

STORE = study.store
SHELF = study.shelf


def one_of(names):
    """A closed alternation for a wildcard; one that matches nothing where there are no names."""
    return "|".join(sorted(map(re.escape, names))) or "(?!)"


wildcard_constraints:
    student=one_of(study.students),
    method=one_of(study.methods),
    seed=one_of(map(str, study.seeds)),
    benchmark=one_of(study.benchmarks),
    teacher=one_of(study.teachers),
    temperature=one_of(study.exposure.temperatures),
    decoding=one_of(study.evaluation.decodings),
    stage=one_of(
        stage.folder for recipe in study.methods.values() for stage in recipe.stages
    ),
    feedback=one_of(["error-and-cot", "cot"]),


specs_of = specs.Specs(study)
# Every policy that is scored: (student, method, training seed). What is not trained has no seeds to vary.
POLICIES = [
    (student, method, seed)
    for student in study.students
    for method, recipe in study.methods.items()
    for seed in (study.seeds if recipe.stages else study.seeds[:1])
]
