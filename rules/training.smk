# Training: a recipe's stages in turn, each with its training set; a later stage starts from the adapter before it.
from orion.methods import DATA

STAGE = "results/{student}/{method}/seed{seed}/{stage}"

ARTIFACTS = {
    "problems": "results/problems/train.parquet",
    "cots": f"results/teacher/{study.teacher}/cots.parquet",
    "errors": "results/{student}/errors.parquet",
    "refined": "results/{student}/refined/{feedback}.parquet",
}


def data_of(w):
    """The artifacts that the stage's data is built from, by name."""
    stage = specs_of.stage(w.method, w.stage)
    return {
        name: ARTIFACTS[name].format(student=w.student, feedback=stage.feedback)
        for name in DATA[stage.data].needs
    }


def start_adapter(w):
    """The adapter of the stage before, or nothing for the first one."""
    folders = [stage.folder for stage in study.methods[w.method].stages]
    before = folders[: folders.index(w.stage)]
    return (
        f"results/{w.student}/{w.method}/seed{w.seed}/{before[-1]}/adapter"
        if before
        else []
    )


rule build_training_set:
    input:
        unpack(data_of),
    output:
        training_set=STAGE + ".training_set.parquet",
        stats=STAGE + ".training_set.stats.json",
    log:
        "logs/{student}/{method}/seed{seed}/{stage}.training_set.log",
    benchmark:
        "benchmarks/{student}/{method}/seed{seed}/{stage}.training_set.tsv"
    params:
        spec=lambda w: specs_of.training_set(w.method, w.stage),
        code=lambda w: code_digest(
            "orion.methods.build", DATA[specs_of.stage(w.method, w.stage).data].module
        ),
        inputs=lambda w, input: " ".join(
            f"--input {name}={path}" for name, path in input.items()
        ),
    shell:
        "python -m orion.methods.build --spec {params.spec:q} {params.inputs}"
        " --output {output.training_set} --stats {output.stats} > {log} 2>&1"


rule train_adapter:
    input:
        training_set=STAGE + ".training_set.parquet",
        model="results/models/{student}/manifest.json",
        start=start_adapter,
    output:
        adapter=directory(STAGE + "/adapter"),
        log=STAGE + "/training_log.parquet",
        stats=STAGE + "/training_log.stats.json",
    log:
        "logs/{student}/{method}/seed{seed}/{stage}.log",
    benchmark:
        "benchmarks/{student}/{method}/seed{seed}/{stage}.tsv"
    params:
        spec=lambda w: specs_of.training(w.student, w.method, w.stage),
        code=code_digest("orion.training"),
        start=lambda w, input: f"--start-adapter {input.start}" if input.start else "",
    shell:
        "python -m orion.training --spec {params.spec:q} --model {input.model} --training-set {input.training_set}"
        " {params.start} --seed {wildcards.seed} --shelf {SHELF} --scratch {SHELF}/unfinished --threads {threads}"
        " --adapter {output.adapter} --log {output.log} > {log} 2>&1"
