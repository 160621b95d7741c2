# Students: fetched and pinned once; hub models stay in the hub's cache and only their manifest stands here.


rule fetch_student:
    output:
        "results/models/{student}/manifest.json",
    log:
        "logs/models/{student}.log",
    benchmark:
        "benchmarks/models/{student}.tsv"
    conda:
        "../envs/models.yaml"
    params:
        spec=lambda w: specs_of.student(w.student),
        code=code_digest("orion.students"),
    shell:
        "python -m orion.students --spec {params.spec:q} --output-dir results/models/{wildcards.student} > {log} 2>&1"
