# Training: a recipe's stages in turn, each with its training set; a later stage starts from the adapter before it.


rule build_training_set:
    input:
        unpack(artifacts.data),
    output:
        training_set="results/{student}/{method}/seed{seed}/{stage}.training_set.parquet",
        stats="results/{student}/{method}/seed{seed}/{stage}.training_set.stats.json",
    log:
        "logs/{student}/{method}/seed{seed}/{stage}.training_set.log",
    benchmark:
        "benchmarks/{student}/{method}/seed{seed}/{stage}.training_set.tsv"
    conda:
        "../envs/base.yaml"
    params:
        spec=lambda w: specs_of.training_set(w.method, w.stage),
        code=lambda w: code_digest(*specs_of.training_set_code(w.method, w.stage)),
        inputs=lambda w, input: " ".join(
            f"--input {name}={path}"
            for name in input.keys()
            for path in flatten([input[name]])
        ),
    shell:
        "python -m orion.methods.build --spec {params.spec:q} {params.inputs} --seed {wildcards.seed}"
        " --output {output.training_set} --stats {output.stats} > {log} 2>&1"


rule train_adapter:
    input:
        training_set="results/{student}/{method}/seed{seed}/{stage}.training_set.parquet",
        model="results/models/{student}/manifest.json",
        start=artifacts.start_adapter,
        matched=artifacts.matched,
    output:
        adapter=directory("results/{student}/{method}/seed{seed}/{stage}/adapter"),
        log="results/{student}/{method}/seed{seed}/{stage}/training_log.parquet",
        stats="results/{student}/{method}/seed{seed}/{stage}/training_log.stats.json",
    log:
        "logs/{student}/{method}/seed{seed}/{stage}.log",
    benchmark:
        "benchmarks/{student}/{method}/seed{seed}/{stage}.tsv"
    priority: 20  # long, and the samples of its policy wait for it
    conda:
        "../envs/models.yaml"
    resources:
        launcher="python",  # `accelerate launch ...` on several GPUs, by a profile
    params:
        spec=lambda w: specs_of.training(w.student, w.method, w.stage),
        code=code_digest("orion.training"),
        shelf=lambda w, input: SHELF,
        start=lambda w, input: f"--start-adapter {input.start}" if input.start else "",
        matched=lambda w, input: f"--matched {input.matched}" if input.matched else "",
    shell:
        "{resources.launcher} -m orion.training --spec {params.spec:q} --model {input.model} --training-set {input.training_set}"
        " {params.start} {params.matched} --seed {wildcards.seed} --shelf {params.shelf} --scratch {params.shelf}/unfinished --threads {threads}"
        " --adapter {output.adapter} --training-log {output.log} > {log} 2>&1"
