# What only some methods need of the teacher: duals (EDIT), templates (SuperCorrect).


rule make_duals:
    input:
        problems="results/problems/train.parquet",
        cots="results/teacher/{teacher}/cots.parquet",
    output:
        duals="results/teacher/{teacher}/duals.parquet",
        stats="results/teacher/{teacher}/duals.stats.json",
    log:
        "logs/teacher/{teacher}/duals.log",
    benchmark:
        "benchmarks/teacher/{teacher}/duals.tsv"
    conda:
        "../envs/teacher.yaml"
    params:
        spec=lambda w: specs_of.duals(w.teacher),
        code=code_digest("orion.teacher.duals"),
        store=lambda w, input: f"{STORE}/{w.teacher}",
        endpoint=lambda w, input: specs_of.endpoint(w.teacher),
    shell:
        "python -m orion.teacher.duals --spec {params.spec:q} --problems {input.problems} --cots {input.cots}"
        " --store {params.store} --endpoint {params.endpoint:q} --output {output.duals} > {log} 2>&1"


rule make_templates:
    input:
        problems="results/problems/train.parquet",
    output:
        templates="results/teacher/{teacher}/templates.parquet",
        stats="results/teacher/{teacher}/templates.stats.json",
    log:
        "logs/teacher/{teacher}/templates.log",
    benchmark:
        "benchmarks/teacher/{teacher}/templates.tsv"
    conda:
        "../envs/teacher.yaml"
    params:
        spec=lambda w: specs_of.templates(w.teacher),
        code=code_digest("orion.teacher.templates"),
        store=lambda w, input: f"{STORE}/{w.teacher}",
        endpoint=lambda w, input: specs_of.endpoint(w.teacher),
    shell:
        "python -m orion.teacher.templates --spec {params.spec:q} --problems {input.problems}"
        " --store {params.store} --endpoint {params.endpoint:q} --output {output.templates} > {log} 2>&1"
