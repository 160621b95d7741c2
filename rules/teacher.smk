# The teacher: chains of thought for the training problems, answer-verified, every response paid for once.


rule trace_teacher:
    input:
        problems="results/problems/train.parquet",
        traces=lambda w: specs_of.trace_files(w.teacher),
    output:
        cots="results/teacher/{teacher}/cots.parquet",
        stats="results/teacher/{teacher}/cots.stats.json",
    log:
        "logs/teacher/{teacher}/cots.log",
    benchmark:
        "benchmarks/teacher/{teacher}/cots.tsv"
    conda:
        "../envs/teacher.yaml"
    params:
        spec=lambda w: specs_of.teacher(w.teacher),
        code=code_digest("orion.teacher"),
        store=lambda w, input: f"{STORE}/{w.teacher}",
        endpoint=lambda w, input: specs_of.endpoint(w.teacher),
    shell:
        "python -m orion.teacher --spec {params.spec:q} --problems {input.problems} --store {params.store}"
        " --endpoint {params.endpoint:q} --output {output.cots} > {log} 2>&1"
