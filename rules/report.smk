# Report: what one looks at. The page of traces opens in any browser, from the disk.


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
    output:
        "results/report/traces.html",
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
        " --samples {input.samples} --sets {input.sets} --output {output} > {log} 2>&1"
