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
        problems=one_of(["train", *study.benchmarks]),
    priority: 100  # a malformed file is refused before anything else starts
    params:
        spec=lambda w: specs_of.problems(w.problems),
        code=code_digest("orion.problems"),
    shell:
        "python -m orion.problems --spec {params.spec:q} --name {wildcards.problems} --output {output} > {log} 2>&1"
