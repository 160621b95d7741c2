# Orion: error-aware reasoning distillation, from problems and a teacher to the tables of a paper.
# One rule file a stage, in the order of the data. Each rule calls one program, `python -m orion.<stage>`.
from snakemake.utils import min_version

min_version("9.0")


report: "report/workflow.rst"


include: "rules/common.smk"
include: "rules/problems.smk"
include: "rules/students.smk"
include: "rules/teacher.smk"
include: "rules/exposure.smk"
include: "rules/rivals.smk"
include: "rules/refinement.smk"
include: "rules/training.smk"
include: "rules/corrections.smk"
include: "rules/evaluation.smk"
include: "rules/tables.smk"
include: "rules/judges.smk"
include: "rules/analysis.smk"
include: "rules/locating.smk"
include: "rules/report.smk"


# Named stopping points: `snakemake --cores all exposure` goes no further than the error sets.


rule all:
    default_target: True
    input:
        rules.report.input,


rule problems:
    input:
        expand("results/problems/{name}.parquet", name=["train", *study.benchmarks]),


rule fetch:  # all that a hub is needed for: afterwards the rest runs on nodes without a network
    input:
        artifacts.downloads(),


rule teacher:
    input:
        expand("results/teacher/{teacher}/cots.parquet", teacher=inputs.teachers(study)),


rule exposure:
    input:
        expand("results/{student}/errors.parquet", student=study.students),


rule adapters:
    input:
        [f"results/{training.path}/adapter" for training in inputs.trainings(study)],
