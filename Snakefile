# Orion: error-aware reasoning distillation, from problems and a teacher to the tables of a paper.
# One rule file a stage, in the order of the data. `snakemake --cores all` builds everything.
from snakemake.utils import min_version

min_version("9.0")


include: "rules/common.smk"


rule all:
    default_target: True
    input:
        rules_of("tables"),


include: "rules/problems.smk"
include: "rules/students.smk"
include: "rules/teacher.smk"
include: "rules/exposure.smk"
include: "rules/refinement.smk"
include: "rules/training.smk"
include: "rules/evaluation.smk"
include: "rules/tables.smk"
