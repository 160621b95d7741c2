# Tables: what a paper prints, from the scores of every policy.


rule make_tables:
    input:
        scores=[f"results/{s}/{m}/seed{n}/scores.parquet" for s, m, n in POLICIES],
    output:
        multiext(
            "results/tables/main", ".csv", ".tidy.csv", ".tests.csv", ".md", ".tex"
        ),
    log:
        "logs/tables/main.log",
    benchmark:
        "benchmarks/tables/main.tsv"
    params:
        spec=specs_of.table(),
        code=code_digest("orion.tables"),
    shell:
        "python -m orion.tables --spec {params.spec:q} --scores {input.scores} --output-dir results/tables"
        " > {log} 2>&1"


rule tables:
    input:
        rules.make_tables.output,
