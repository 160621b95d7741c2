# Judgements: which method's CoTs a judge prefers, what types of errors the untrained student makes, and, for what
# becomes of these errors, new samples of every policy on their problems. None of it is needed for the tables.


rule judge_preference:
    input:
        problems="results/problems/train.parquet",
        sets=lambda w: list(judged.training_sets(study, w.student).values()),
    output:
        judgements="results/analysis/{student}/judged/preference.parquet",
        stats="results/analysis/{student}/judged/preference.stats.json",
    log:
        "logs/analysis/{student}/judged/preference.log",
    benchmark:
        "benchmarks/analysis/{student}/judged/preference.tsv"
    conda:
        "../envs/teacher.yaml"
    params:
        spec=lambda w: judged.preference_spec(study),
        code=code_digest("orion.judge.preference"),
        sets=lambda w: " ".join(
            f"--training-set {method}={path}"
            for method, path in judged.training_sets(study, w.student).items()
        ),
        store=lambda w, input: f"{STORE}/judge",
        endpoint=lambda w, input: judged.endpoint(study),
    shell:
        "python -m orion.judge.preference --spec {params.spec:q} --problems {input.problems} {params.sets}"
        " --store {params.store} --endpoint {params.endpoint:q} --output {output.judgements} > {log} 2>&1"


rule choose_cases:
    input:
        problems=judged.case_problems(study),
        samples=lambda w: judged.case_samples(study, w.student),
    output:
        cases="results/analysis/{student}/cases.parquet",
        stats="results/analysis/{student}/cases.stats.json",
        chosen="results/analysis/{student}/cases.problems.parquet",
    log:
        "logs/analysis/{student}/cases.log",
    benchmark:
        "benchmarks/analysis/{student}/cases.tsv"
    conda:
        "../envs/base.yaml"
    params:
        spec=lambda w: judged.cases_spec(study),
        code=code_digest("orion.judge.cases"),
    shell:
        "python -m orion.judge.cases --spec {params.spec:q} --problems {input.problems} --samples {input.samples}"
        " --output {output.cases} --chosen {output.chosen} > {log} 2>&1"


rule judge_errors:
    input:
        cases="results/analysis/{student}/cases.parquet",
    output:
        judgements="results/analysis/{student}/judged/errors.parquet",
        stats="results/analysis/{student}/judged/errors.stats.json",
    log:
        "logs/analysis/{student}/judged/errors.log",
    benchmark:
        "benchmarks/analysis/{student}/judged/errors.tsv"
    conda:
        "../envs/teacher.yaml"
    params:
        spec=lambda w: judged.errors_spec(study),
        code=code_digest("orion.judge.errors"),
        store=lambda w, input: f"{STORE}/judge",
        endpoint=lambda w, input: judged.endpoint(study),
    shell:
        "python -m orion.judge.errors --spec {params.spec:q} --cases {input.cases}"
        " --store {params.store} --endpoint {params.endpoint:q} --output {output.judgements} > {log} 2>&1"


use rule sample_benchmark as sample_again with:
    input:
        unpack(artifacts.policy),
        problems="results/analysis/{student}/{benchmark}.problems.parquet",
        model="results/models/{student}/manifest.json",
    output:
        "results/analysis/{student}/again/{method}/seed{seed}/{benchmark}/{decoding}.parquet",
    log:
        "logs/analysis/{student}/again/{method}/seed{seed}/{benchmark}/{decoding}.log",
    benchmark:
        "benchmarks/analysis/{student}/again/{method}/seed{seed}/{benchmark}/{decoding}.tsv"
    wildcard_constraints:
        benchmark=judged.CHOSEN,
