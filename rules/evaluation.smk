# Evaluation: every policy answers every benchmark with every decoding; the answers become scores.


def final_adapter(w):
    """The adapter of the method's last stage; nothing for the untrained student."""
    stages = study.methods[w.method].stages
    return (
        f"results/{w.student}/{w.method}/seed{w.seed}/{stages[-1].folder}/adapter"
        if stages
        else []
    )


rule sample_benchmark:
    input:
        problems="results/problems/{benchmark}.parquet",
        model="results/models/{student}/manifest.json",
        adapter=final_adapter,
    output:
        "results/{student}/{method}/seed{seed}/{benchmark}/{decoding}.parquet",
    log:
        "logs/{student}/{method}/seed{seed}/{benchmark}/{decoding}.log",
    benchmark:
        "benchmarks/{student}/{method}/seed{seed}/{benchmark}/{decoding}.tsv"
    params:
        spec=lambda w: specs_of.samples(w.student, w.decoding),
        code=code_digest("orion.sample"),
        adapter=lambda w, input: f"--adapter {input.adapter}" if input.adapter else "",
        policy=lambda w: (
            f"{w.method}-seed{w.seed}" if study.methods[w.method].stages else "base"
        ),
    shell:
        "python -m orion.sample --spec {params.spec:q} --problems {input.problems} --model {input.model}"
        " {params.adapter} --store {STORE}/{wildcards.student}/{params.policy} --threads {threads}"
        " --note student={wildcards.student} --note method={wildcards.method} --note seed={wildcards.seed}"
        " --note problems={wildcards.benchmark} --note decoding={wildcards.decoding}"
        " --output {output} > {log} 2>&1"


rule score_policy:
    input:
        samples=lambda w: expand(
            "results/{student}/{method}/seed{seed}/{benchmark}/{decoding}.parquet",
            **w,
            benchmark=study.benchmarks,
            decoding=study.evaluation.decodings,
        ),
        problems=expand(
            "results/problems/{benchmark}.parquet", benchmark=study.benchmarks
        ),
    output:
        "results/{student}/{method}/seed{seed}/scores.parquet",
    log:
        "logs/{student}/{method}/seed{seed}/scores.log",
    benchmark:
        "benchmarks/{student}/{method}/seed{seed}/scores.tsv"
    params:
        code=code_digest("orion.scores"),
    shell:
        "python -m orion.scores --samples {input.samples} --problems {input.problems} --output {output} > {log} 2>&1"
