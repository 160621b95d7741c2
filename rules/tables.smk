# Tables: what a paper prints, from the scores of every policy; what each stage dropped; what the run took.


rule make_tables:
    input:
        scores=lambda w: specs_of.table_scores(w.table),
    output:
        scores=report(
            "results/tables/{table}.csv",
            caption="../report/table.rst",
            category="Tables",
            subcategory="{table}",
            labels={"content": "the table", "form": "CSV"},
        ),
        tests=report(
            "results/tables/{table}.tests.csv",
            caption="../report/tests.rst",
            category="Tables",
            subcategory="{table}",
            labels={"content": "tests of differences", "form": "CSV"},
        ),
        others=multiext(
            "results/tables/{table}",
            ".tidy.csv",
            ".claims.csv",
            ".claims.md",
            ".md",
            ".tex",
        ),
    log:
        "logs/tables/{table}.log",
    benchmark:
        "benchmarks/tables/{table}.tsv"
    wildcard_constraints:
        table=one_of(study.tables),
    conda:
        "../envs/base.yaml"
    params:
        spec=lambda w: specs_of.table(w.table),
        code=code_digest("orion.tables"),
    shell:
        "python -m orion.tables --spec {params.spec:q} --scores {input.scores} --output-dir results/tables"
        " > {log} 2>&1"


rule count_losses:
    input:
        inputs.filter_stats(study),
    output:
        report(
            "results/tables/data.csv",
            caption="../report/table.rst",
            category="Data",
            subcategory="data",
            labels={"content": "the table", "form": "CSV"},
        ),
        multiext("results/tables/data", ".tidy.csv", ".reasons.csv", ".md", ".tex"),
    log:
        "logs/tables/data.log",
    benchmark:
        "benchmarks/tables/data.tsv"
    conda:
        "../envs/base.yaml"
    params:
        code=code_digest("orion.tables.coverage"),
    shell:
        "python -m orion.tables.coverage --stats {input} --output-dir results/tables > {log} 2>&1"


# Benchmark files are no inputs: one that was lost must not run its job again.
rule count_costs:
    input:
        artifacts=inputs.completion_files(study),
        stats=inputs.training_stats(study),
    output:
        report(
            "results/tables/cost.csv",
            caption="../report/table.rst",
            category="Cost",
            subcategory="cost",
            labels={"content": "the table", "form": "CSV"},
        ),
        multiext("results/tables/cost", ".tidy.csv", ".md", ".tex"),
    log:
        "logs/tables/cost.log",
    benchmark:
        "benchmarks/tables/cost.tsv"
    conda:
        "../envs/base.yaml"
    params:
        code=code_digest("orion.tables.cost"),
        benchmarks=inputs.benchmark_files(study),
    shell:
        "python -m orion.tables.cost --benchmarks {params.benchmarks} --artifacts {input.artifacts}"
        " --stats {input.stats} --output-dir results/tables > {log} 2>&1"


rule tables:
    input:
        expand(rules.make_tables.output, table=study.tables),
        rules.count_losses.output,
        rules.count_costs.output,
