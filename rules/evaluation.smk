# Evaluation: every policy answers every benchmark with every decoding; the answers become scores.


rule sample_benchmark:
    input:
        unpack(artifacts.policy),
        problems="results/problems/{benchmark}.parquet",
        model="results/models/{student}/manifest.json",
    output:
        "results/{student}/{method}/seed{seed}/{benchmark}/{decoding}.parquet",
    log:
        "logs/{student}/{method}/seed{seed}/{benchmark}/{decoding}.log",
    benchmark:
        "benchmarks/{student}/{method}/seed{seed}/{benchmark}/{decoding}.tsv"
    conda:
        "../envs/models.yaml"
    params:
        spec=lambda w: specs_of.samples(w.student, w.method, w.decoding),
        code=lambda w: code_digest("orion.sample", *specs_of.solver(w.method)),
        # One function: planning thousands of these jobs takes what their functions take.
        given=lambda w, input: artifacts.policy_options(w, input),
    shell:
        "python -m orion.sample --spec {params.spec:q} --problems {input.problems} --model {input.model}"
        " {params.given} --threads {threads}"
        " --note student={wildcards.student} --note method={wildcards.method} --note seed={wildcards.seed}"
        " --note problems={wildcards.benchmark} --note decoding={wildcards.decoding}"
        " --output {output} > {log} 2>&1"


rule score_policy:
    input:
        samples=expand(
            "results/{{student}}/{{method}}/seed{{seed}}/{benchmark}/{decoding}.parquet",
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
    conda:
        "../envs/base.yaml"
    params:
        code=code_digest("orion.scores"),
    shell:
        "python -m orion.scores --samples {input.samples} --problems {input.problems} --output {output} > {log} 2>&1"
