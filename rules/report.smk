# Report: what one looks at. Tables as pages and the page of traces open in any browser, from the disk; with figures,
# statistics and costs they stand in `snakemake --report report.html`.


rule show_table:
    input:
        lambda w: [
            f"results/tables/{w.table}{ending}.md"
            for ending in (["", ".claims"] if w.table in study.tables else [""])
        ],
    output:
        report(
            "results/report/tables/{table}.html",
            caption="../report/table.rst",
            category=lambda w: inputs.category(w.table),
            subcategory="{table}",
            labels={"content": "the table", "form": "page"},
        ),
    log:
        "logs/report/tables/{table}.log",
    benchmark:
        "benchmarks/report/tables/{table}.tsv"
    wildcard_constraints:
        table=one_of([*study.tables, "data", "cost"]),
    conda:
        "../envs/report.yaml"
    params:
        code=code_digest("orion.tables.page"),
    shell:
        "python -m orion.tables.page --tables {input} --title {wildcards.table} --output {output} > {log} 2>&1"


rule write_traces:
    input:
        problems="results/problems/train.parquet",
        cots=explored.cots(study),
        errors=explored.errors(study),
        refined=explored.refined(study),
        benchmarks=expand(
            "results/problems/{benchmark}.parquet", benchmark=study.benchmarks
        ),
        samples=explored.samples(study),
        sets=explored.sets(study),
        judged=explored.judged(study),
    output:
        whole="results/report/traces.html",
        excerpt=report(
            "results/report/excerpt.html",
            caption="../report/traces.rst",
            category="Traces",
            labels={"content": "trace explorer"},
        ),
    log:
        "logs/report/traces.log",
    benchmark:
        "benchmarks/report/traces.tsv"
    conda:
        "../envs/base.yaml"
    params:
        spec=explored.spec(study),
        code=code_digest("orion.explorer"),
        front_end=explored.front_end(),
    shell:
        "python -m orion.explorer --spec {params.spec:q} --problems {input.problems} --cots {input.cots}"
        " --errors {input.errors} --refined {input.refined} --benchmarks {input.benchmarks}"
        " --samples {input.samples} --sets {input.sets} --judged {input.judged} --output {output.whole}"
        " --excerpt {output.excerpt} > {log} 2>&1"


# After it, `snakemake --report report.html report` puts all of it into one file.
rule report:
    input:
        rules.tables.input,
        expand(rules.show_table.output, table=[*study.tables, "data", "cost"]),
        rules.figures.input,
        rules.write_traces.output,
        analysed.dual_pages(study),
