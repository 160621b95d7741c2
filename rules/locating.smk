# Which policies find the first wrong step of a solution, and put it right (SuperCorrect): the same errors for all of
# them, made on the benchmarks. None of it is needed for the tables.

LOCATING = "results/analysis/{student}/locating"
BENCHMARK_PROBLEMS = expand(
    "results/problems/{benchmark}.parquet", benchmark=study.benchmarks
)


use rule collect_stage_errors as collect_benchmark_errors with:
    input:
        lambda w: analysed.errors_gone_over(study, w.student),
    output:
        errors=f"{LOCATING}/errors.parquet",
        stats=f"{LOCATING}/errors.stats.json",
    log:
        "logs/analysis/{student}/locating/errors.log",
    benchmark:
        "benchmarks/analysis/{student}/locating/errors.tsv"
    params:
        spec=specs_of.benchmark_errors(),
        code=code_digest("orion.error_set"),


use rule locate_errors as locate_benchmark_errors with:
    input:
        problems=BENCHMARK_PROBLEMS,
        errors=f"{LOCATING}/errors.parquet",
    output:
        locations=f"{LOCATING}/locations.parquet",
        stats=f"{LOCATING}/locations.stats.json",
    log:
        "logs/analysis/{student}/locating/locations.log",
    benchmark:
        "benchmarks/analysis/{student}/locating/locations.tsv"
    params:
        spec=lambda w: specs_of.locations(study.teacher, analysed.most_errors(study)),
        code=code_digest("orion.teacher.locations"),
        store=lambda w, input: f"{STORE}/{study.teacher}",
        endpoint=lambda w, input: specs_of.endpoint(study.teacher),


rule sample_locating:
    input:
        problems=BENCHMARK_PROBLEMS,
        locations=f"{LOCATING}/locations.parquet",
        model="results/models/{student}/manifest.json",
        adapter=lambda w: artifacts.policy(w).get("adapter", []),
    output:
        own=f"{LOCATING}/{{method}}/seed{{seed}}/own.parquet",
        stats=f"{LOCATING}/{{method}}/seed{{seed}}/own.stats.json",
    log:
        "logs/analysis/{student}/locating/{method}/seed{seed}/own.log",
    benchmark:
        "benchmarks/analysis/{student}/locating/{method}/seed{seed}/own.tsv"
    conda:
        "../envs/models.yaml"
    params:
        spec=lambda w: specs_of.own_corrections(w.student, locate=True),
        code=code_digest("orion.own_corrections"),
        adapter=lambda w, input: f"--adapter {input.adapter}" if input.adapter else "",
        store=lambda w, input: f"{STORE}/{w.student}",
    shell:
        "python -m orion.own_corrections --spec {params.spec:q} --problems {input.problems}"
        " --locations {input.locations} --model {input.model} {params.adapter} --store {params.store}"
        " --threads {threads} --output {output.own} > {log} 2>&1"


use rule make_corrections as judge_corrections with:
    input:
        problems=BENCHMARK_PROBLEMS,
        locations=f"{LOCATING}/locations.parquet",
        own=f"{LOCATING}/{{method}}/seed{{seed}}/own.parquet",
    output:
        corrections=f"{LOCATING}/{{method}}/seed{{seed}}/judged.parquet",
        stats=f"{LOCATING}/{{method}}/seed{{seed}}/judged.stats.json",
    log:
        "logs/analysis/{student}/locating/{method}/seed{seed}/judged.log",
    benchmark:
        "benchmarks/analysis/{student}/locating/{method}/seed{seed}/judged.tsv"
    params:
        spec=lambda w: specs_of.corrections(study.teacher, judge_only=True),
        code=code_digest("orion.teacher.corrections"),
        store=lambda w, input: f"{STORE}/{study.teacher}",
        endpoint=lambda w, input: specs_of.endpoint(study.teacher),
