# What only some methods need of the teacher: edited CoTs (Minimal CoT), duals (EDIT), templates (SuperCorrect).


rule edit_cots:
    input:
        problems="results/problems/train.parquet",
        cots="results/teacher/{teacher}/cots.parquet",
    output:
        edited="results/teacher/{teacher}/edited/{passes}.parquet",
        stats="results/teacher/{teacher}/edited/{passes}.stats.json",
    log:
        "logs/teacher/{teacher}/edited/{passes}.log",
    benchmark:
        "benchmarks/teacher/{teacher}/edited/{passes}.tsv"
    wildcard_constraints:
        passes=one_of(
            {
                stage.edits
                for recipe in study.methods.values()
                for stage in recipe.stages
                if stage.passes
            }
        ),
    conda:
        "../envs/teacher.yaml"
    params:
        spec=lambda w: specs_of.passes(w.teacher, w.passes),
        code=code_digest("orion.teacher.passes"),
        store=lambda w, input: f"{STORE}/{w.teacher}",
        endpoint=lambda w, input: specs_of.endpoint(w.teacher),
    shell:
        "python -m orion.teacher.passes --spec {params.spec:q} --problems {input.problems} --cots {input.cots}"
        " --store {params.store} --endpoint {params.endpoint:q} --output {output.edited} > {log} 2>&1"


rule make_duals:
    input:
        problems="results/problems/train.parquet",
        cots="results/teacher/{teacher}/cots.parquet",
    output:
        duals="results/teacher/{teacher}/duals.parquet",
        stats="results/teacher/{teacher}/duals.stats.json",
    log:
        "logs/teacher/{teacher}/duals.log",
    benchmark:
        "benchmarks/teacher/{teacher}/duals.tsv"
    conda:
        "../envs/teacher.yaml"
    params:
        spec=lambda w: specs_of.duals(w.teacher),
        code=code_digest("orion.teacher.duals"),
        store=lambda w, input: f"{STORE}/{w.teacher}",
        endpoint=lambda w, input: specs_of.endpoint(w.teacher),
    shell:
        "python -m orion.teacher.duals --spec {params.spec:q} --problems {input.problems} --cots {input.cots}"
        " --store {params.store} --endpoint {params.endpoint:q} --output {output.duals} > {log} 2>&1"


rule label_mistakes:
    input:
        problems="results/problems/train.parquet",
        duals="results/teacher/{teacher}/duals.parquet",
    output:
        mistakes="results/teacher/{teacher}/mistakes.parquet",
        stats="results/teacher/{teacher}/mistakes.stats.json",
    log:
        "logs/teacher/{teacher}/mistakes.log",
    benchmark:
        "benchmarks/teacher/{teacher}/mistakes.tsv"
    conda:
        "../envs/teacher.yaml"
    params:
        spec=lambda w: specs_of.mistakes(w.teacher),
        code=code_digest("orion.teacher.mistakes"),
        store=lambda w, input: f"{STORE}/{w.teacher}",
        endpoint=lambda w, input: specs_of.endpoint(w.teacher),
    shell:
        "python -m orion.teacher.mistakes --spec {params.spec:q} --problems {input.problems} --duals {input.duals}"
        " --store {params.store} --endpoint {params.endpoint:q} --output {output.mistakes} > {log} 2>&1"


rule show_duals:
    input:
        model="results/models/{student}/manifest.json",
        training_set=lambda w: f"results/{w.student}/{w.method}/seed{study.seeds_of(w.method)[0]}/{w.stage}.training_set.parquet",
    output:
        report(
            "results/report/duals/{student}/{method}/{stage}.html",
            caption="../report/duals.rst",
            category="Key steps",
            labels={"student": "{student}", "method": "{method}"},
        ),
    log:
        "logs/report/duals/{student}/{method}/{stage}.log",
    benchmark:
        "benchmarks/report/duals/{student}/{method}/{stage}.tsv"
    conda:
        "../envs/models.yaml"
    params:
        spec=lambda w: specs_of.training(w.student, w.method, w.stage),
        code=code_digest("orion.explorer.duals"),
    shell:
        "python -m orion.explorer.duals --spec {params.spec:q} --model {input.model}"
        " --training-set {input.training_set} --output {output} > {log} 2>&1"


rule duals:  # every page of pairs with their key steps marked
    input:
        analysed.dual_pages(study),


rule make_templates:
    input:
        problems="results/problems/train.parquet",
    output:
        templates="results/teacher/{teacher}/templates.parquet",
        stats="results/teacher/{teacher}/templates.stats.json",
    log:
        "logs/teacher/{teacher}/templates.log",
    benchmark:
        "benchmarks/teacher/{teacher}/templates.tsv"
    conda:
        "../envs/teacher.yaml"
    params:
        spec=lambda w: specs_of.templates(w.teacher),
        code=code_digest("orion.teacher.templates"),
        store=lambda w, input: f"{STORE}/{w.teacher}",
        endpoint=lambda w, input: specs_of.endpoint(w.teacher),
    shell:
        "python -m orion.teacher.templates --spec {params.spec:q} --problems {input.problems}"
        " --store {params.store} --endpoint {params.endpoint:q} --output {output.templates} > {log} 2>&1"
