# What only some methods need of the teacher: duals (EDIT).


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
