# Problems: the training set and the benchmarks, each a parquet file of id, problem, answer, solution, ...


rule make_problems:
    input:
        lambda w: specs_of.problem_files(w.problems),
    output:
        "results/problems/{problems}.parquet",
    log:
        "logs/problems/{problems}.log",
    benchmark:
        "benchmarks/problems/{problems}.tsv"
    wildcard_constraints:
        problems=one_of(
            ["raw/train" if study.decontamination else "train", *study.benchmarks]
        ),
    priority: 100  # a malformed file is refused before anything else starts
    conda:
        "../envs/base.yaml"
    params:
        spec=lambda w: specs_of.problems(w.problems),
        code=code_digest("orion.problems"),
        name=lambda w: w.problems.removeprefix("raw/"),
    shell:
        "python -m orion.problems --spec {params.spec:q} --name {params.name} --output {output} > {log} 2>&1"


if study.decontamination:

    rule decontaminate_problems:
        input:
            problems="results/problems/raw/train.parquet",
            benchmarks=expand(
                "results/problems/{benchmark}.parquet", benchmark=study.benchmarks
            ),
        output:
            problems="results/problems/train.parquet",
            report="results/problems/train.dropped.csv",
            stats="results/problems/train.stats.json",
        log:
            "logs/problems/train.log",
        benchmark:
            "benchmarks/problems/train.tsv"
        conda:
            "../envs/base.yaml"
        params:
            spec=specs_of.decontamination(),
            code=code_digest("orion.decontamination"),
        shell:
            "python -m orion.decontamination --spec {params.spec:q} --problems {input.problems}"
            " --benchmarks {input.benchmarks} --output {output.problems} --report {output.report}"
            " --stats {output.stats} > {log} 2>&1"
