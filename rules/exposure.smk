# Error exposure: the untrained student answers the training problems at every temperature; the wrong answers are its
# error set.


rule sample_exposure:
    input:
        problems="results/problems/train.parquet",
        model="results/models/{student}/manifest.json",
    output:
        "results/{student}/base/train/t{temperature}.parquet",
    log:
        "logs/{student}/base/train/t{temperature}.log",
    benchmark:
        "benchmarks/{student}/base/train/t{temperature}.tsv"
    priority: 30  # the longest way to the tables begins here
    conda:
        "../envs/models.yaml"
    params:
        spec=lambda w: specs_of.exposure(w.student, w.temperature),
        code=code_digest("orion.sample"),
        store=lambda w, input: f"{STORE}/{w.student}",
    shell:
        "python -m orion.sample --spec {params.spec:q} --problems {input.problems} --model {input.model}"
        " --store {params.store} --threads {threads} --output {output} > {log} 2>&1"


rule collect_errors:
    input:
        expand(
            "results/{{student}}/base/train/t{temperature}.parquet",
            temperature=study.exposure.temperatures,
        ),
    output:
        errors="results/{student}/errors.parquet",
        stats="results/{student}/errors.stats.json",
    log:
        "logs/{student}/errors.log",
    benchmark:
        "benchmarks/{student}/errors.tsv"
    conda:
        "../envs/base.yaml"
    params:
        spec=specs_of.errors(),
        code=code_digest("orion.error_set"),
    shell:
        "python -m orion.error_set --spec {params.spec:q} --exposure {input}"
        " --output {output.errors} --stats {output.stats} > {log} 2>&1"
