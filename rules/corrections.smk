# SuperCorrect, second stage: the policy of a stage answers the training problems; its first wrong steps are found by the
# teacher, and corrected by both. All of it stands beside the stage's adapter, as it is about this policy.


rule sample_stage:
    input:
        problems="results/problems/train.parquet",
        model="results/models/{student}/manifest.json",
        adapter="results/{student}/{method}/seed{seed}/{stage}/adapter",
    output:
        "results/{student}/{method}/seed{seed}/{stage}/train/t{temperature}.parquet",
    log:
        "logs/{student}/{method}/seed{seed}/{stage}/train/t{temperature}.log",
    benchmark:
        "benchmarks/{student}/{method}/seed{seed}/{stage}/train/t{temperature}.tsv"
    wildcard_constraints:
        temperature=one_of(study.stage_exposure.temperatures),
    priority: 20
    conda:
        "../envs/models.yaml"
    params:
        spec=lambda w: specs_of.stage_exposure(w.student, w.method, w.temperature),
        code=code_digest("orion.sample"),
        store=lambda w, input: f"{STORE}/{w.student}",
    shell:
        "python -m orion.sample --spec {params.spec:q} --problems {input.problems} --model {input.model}"
        " --adapter {input.adapter} --store {params.store} --threads {threads} --output {output} > {log} 2>&1"


rule collect_stage_errors:
    input:
        expand(
            "results/{{student}}/{{method}}/seed{{seed}}/{{stage}}/train/t{temperature}.parquet",
            temperature=study.stage_exposure.temperatures,
        ),
    output:
        errors="results/{student}/{method}/seed{seed}/{stage}/errors.parquet",
        stats="results/{student}/{method}/seed{seed}/{stage}/errors.stats.json",
    log:
        "logs/{student}/{method}/seed{seed}/{stage}/errors.log",
    benchmark:
        "benchmarks/{student}/{method}/seed{seed}/{stage}/errors.tsv"
    conda:
        "../envs/base.yaml"
    params:
        spec=specs_of.stage_errors(),
        code=code_digest("orion.error_set"),
    shell:
        "python -m orion.error_set --spec {params.spec:q} --exposure {input}"
        " --output {output.errors} --stats {output.stats} > {log} 2>&1"


rule locate_errors:
    input:
        problems="results/problems/train.parquet",
        errors="results/{student}/{method}/seed{seed}/{stage}/errors.parquet",
    output:
        locations="results/{student}/{method}/seed{seed}/{stage}/locations.parquet",
        stats="results/{student}/{method}/seed{seed}/{stage}/locations.stats.json",
    log:
        "logs/{student}/{method}/seed{seed}/{stage}/locations.log",
    benchmark:
        "benchmarks/{student}/{method}/seed{seed}/{stage}/locations.tsv"
    conda:
        "../envs/teacher.yaml"
    params:
        spec=lambda w: specs_of.locations(specs_of.corrector(w.method, w.stage)),
        code=code_digest("orion.teacher.locations"),
        store=lambda w, input: f"{STORE}/{specs_of.corrector(w.method, w.stage)}",
        endpoint=lambda w, input: specs_of.endpoint(
            specs_of.corrector(w.method, w.stage)
        ),
    shell:
        "python -m orion.teacher.locations --spec {params.spec:q} --problems {input.problems} --errors {input.errors}"
        " --store {params.store} --endpoint {params.endpoint:q} --output {output.locations} > {log} 2>&1"


rule sample_corrections:
    input:
        problems="results/problems/train.parquet",
        locations="results/{student}/{method}/seed{seed}/{stage}/locations.parquet",
        model="results/models/{student}/manifest.json",
        adapter="results/{student}/{method}/seed{seed}/{stage}/adapter",
    output:
        own="results/{student}/{method}/seed{seed}/{stage}/own_corrections.parquet",
        stats="results/{student}/{method}/seed{seed}/{stage}/own_corrections.stats.json",
    log:
        "logs/{student}/{method}/seed{seed}/{stage}/own_corrections.log",
    benchmark:
        "benchmarks/{student}/{method}/seed{seed}/{stage}/own_corrections.tsv"
    priority: 20
    conda:
        "../envs/models.yaml"
    params:
        spec=lambda w: specs_of.own_corrections(w.student),
        code=code_digest("orion.own_corrections"),
        store=lambda w, input: f"{STORE}/{w.student}",
    shell:
        "python -m orion.own_corrections --spec {params.spec:q} --problems {input.problems}"
        " --locations {input.locations} --model {input.model} --adapter {input.adapter} --store {params.store}"
        " --threads {threads} --output {output.own} > {log} 2>&1"


rule make_corrections:
    input:
        problems="results/problems/train.parquet",
        locations="results/{student}/{method}/seed{seed}/{stage}/locations.parquet",
        own="results/{student}/{method}/seed{seed}/{stage}/own_corrections.parquet",
    output:
        corrections="results/{student}/{method}/seed{seed}/{stage}/corrections.parquet",
        stats="results/{student}/{method}/seed{seed}/{stage}/corrections.stats.json",
    log:
        "logs/{student}/{method}/seed{seed}/{stage}/corrections.log",
    benchmark:
        "benchmarks/{student}/{method}/seed{seed}/{stage}/corrections.tsv"
    conda:
        "../envs/teacher.yaml"
    params:
        spec=lambda w: specs_of.corrections(specs_of.corrector(w.method, w.stage)),
        code=code_digest("orion.teacher.corrections"),
        store=lambda w, input: f"{STORE}/{specs_of.corrector(w.method, w.stage)}",
        endpoint=lambda w, input: specs_of.endpoint(
            specs_of.corrector(w.method, w.stage)
        ),
    shell:
        "python -m orion.teacher.corrections --spec {params.spec:q} --problems {input.problems}"
        " --locations {input.locations} --own {input.own} --store {params.store} --endpoint {params.endpoint:q}"
        " --output {output.corrections} > {log} 2>&1"
