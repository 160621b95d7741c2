# What the rule files share: the checked config and what it says about specs and paths. Logic lives in orion/.
import gc
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

# A plan of thousands of jobs is objects that all stay: looking for garbage among them is a fifth of its time.
gc.set_threshold(200_000, 50, 1_000)

sys.path.insert(0, str(Path(str(workflow.current_basedir)).parent))

try:
    import orion
except (
    ModuleNotFoundError
):  # a workflow that takes this one from a git host has the rules alone
    raise WorkflowError(
        "Orion's Python package is not installed beside Snakemake: pip install 'orion-distillation @ git+URL@TAG', "
        "with the address and the tag that your Snakefile names"
    ) from None

from orion import specs
from orion.analysis import inputs as analysed
from orion.code import code_digest
from orion.config.study import load
from orion.errors import UserError
from orion.explorer import inputs as explored
from orion.judge import inputs as judged
from orion.problems.check import check_files
from orion.tables import inputs
from orion.workflow import (
    Artifacts,
    one_of,
    prepare_environment,
    refuse_unset_variables,
    search_path,
    whole_config,
)

prepare_environment()
deployed = [method.name for method in workflow.deployment_settings.deployment_method]
if "CONDA" in deployed:  # Snakemake takes PYTHONPATH away from jobs in an environment
    shell.prefix(search_path())

try:
    refuse_unset_variables(workflow.resource_settings)
    study = load(whole_config(config))
    if workflow.is_main_process:  # not once more in every job
        check_files(study)
except UserError as error:
    raise WorkflowError(str(error)) from None

# For the report's captions, which quote the whole checked config, defaults included.
config.update(study.model_dump(mode="json", exclude_none=True))

specs_of = specs.Specs(study)
artifacts = Artifacts(study)
STORE = study.store
SHELF = study.shelf


wildcard_constraints:
    student=one_of(study.students),
    method=one_of(study.methods),
    seed=one_of({seed for method in study.methods for seed in study.seeds_of(method)}),
    benchmark=one_of(study.benchmarks),
    teacher=one_of(study.teachers),
    temperature=one_of(study.exposure.temperatures),
    decoding=one_of(study.evaluation.decodings),
    stage=one_of(
        stage.folder for recipe in study.methods.values() for stage in recipe.stages
    ),
    feedback=one_of(["error-and-cot", "cot"]),
