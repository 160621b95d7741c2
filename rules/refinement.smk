# Reasoning refinement: the student rewrites the teacher's CoT, with its own error in view or (ablation) without.


rule refine_cots:
    input:
        problems="results/problems/train.parquet",
        model="results/models/{student}/manifest.json",
        cots=f"results/teacher/{study.teacher}/cots.parquet",
        errors=lambda w: (
            f"results/{w.student}/errors.parquet"
            if w.feedback == "error-and-cot"
            else []
        ),
    output:
        refined="results/{student}/refined/{feedback}.parquet",
        stats="results/{student}/refined/{feedback}.stats.json",
    log:
        "logs/{student}/refined/{feedback}.log",
    benchmark:
        "benchmarks/{student}/refined/{feedback}.tsv"
    priority: 30  # on the longest way to the tables
    conda:
        "../envs/models.yaml"
    params:
        spec=lambda w: specs_of.refinement(w.student, w.feedback),
        code=code_digest("orion.refinement"),
        store=lambda w, input: f"{STORE}/{w.student}",
        errors=lambda w, input: f"--errors {input.errors}" if input.errors else "",
    shell:
        "python -m orion.refinement --spec {params.spec:q} --problems {input.problems} --model {input.model}"
        " --cots {input.cots} {params.errors} --store {params.store} --threads {threads}"
        " --output {output.refined} --stats {output.stats} > {log} 2>&1"
