# Analyses and their figures: what a paper's analysis section shows, beside its tables.


rule read_training_set:
    input:
        training_set=lambda w: (
            f"results/{w.student}/{w.method}/seed{study.seeds_of(w.method)[0]}/{w.stage}.training_set.parquet"
        ),
        model=lambda w: analysed.read_by(w.reader, w.student),
    output:
        likelihood="results/analysis/{student}/likelihood/{reader}/{method}/{stage}.parquet",
        stats="results/analysis/{student}/likelihood/{reader}/{method}/{stage}.stats.json",
    log:
        "logs/analysis/{student}/likelihood/{reader}/{method}/{stage}.log",
    benchmark:
        "benchmarks/analysis/{student}/likelihood/{reader}/{method}/{stage}.tsv"
    wildcard_constraints:
        reader=one_of(analysed.readers(study)),
    conda:
        "../envs/models.yaml"
    params:
        spec=lambda w: analysed.likelihood_spec(study, w.reader, w.student),
        code=code_digest("orion.analysis.likelihood"),
    shell:
        "python -m orion.analysis.likelihood --spec {params.spec:q} --model {input.model}"
        " --training-set {input.training_set} --threads {threads} --output {output.likelihood} > {log} 2>&1"


rule fetch_outside:
    output:
        analysed.OUTSIDE,
    log:
        "logs/analysis/outside.log",
    benchmark:
        "benchmarks/analysis/outside.tsv"
    conda:
        "../envs/models.yaml"
    params:
        spec=analysed.outside_spec(study),
        code=code_digest("orion.students"),
    shell:
        "python -m orion.students --spec {params.spec:q} --output-dir results/analysis/outside > {log} 2>&1"


rule analyse:
    input:
        lambda w: analysed.looked_at(study, w.student, w.analysis),
    output:
        "results/analysis/{student}/{analysis}.parquet",
    log:
        "logs/analysis/{student}/{analysis}.log",
    benchmark:
        "benchmarks/analysis/{student}/{analysis}.tsv"
    wildcard_constraints:
        analysis=one_of(analysed.NAMES),
    conda:
        "../envs/models.yaml"
    params:
        spec=lambda w: analysed.spec(study, w.student, w.analysis),
        code=lambda w: code_digest(f"orion.analysis.{w.analysis}"),
    shell:
        "python -m orion.analysis.{wildcards.analysis} --spec {params.spec:q} --inputs {input}"
        " --output {output} > {log} 2>&1"


rule draw_figure:
    input:
        "results/analysis/{student}/{analysis}.parquet",
    output:
        table=report(
            "results/figures/{student}/{analysis}.csv",
            caption="../report/figure.rst",
            category="Figures",
            labels={"student": "{student}", "figure": "{analysis}", "form": "numbers"},
        ),
        drawn=report(
            "results/figures/{student}/{analysis}.svg",
            caption="../report/figure.rst",
            category="Figures",
            labels={"student": "{student}", "figure": "{analysis}", "form": "drawn"},
        ),
        print="results/figures/{student}/{analysis}.png",
    log:
        "logs/figures/{student}/{analysis}.log",
    benchmark:
        "benchmarks/figures/{student}/{analysis}.tsv"
    conda:
        "../envs/report.yaml"
    params:
        spec=analysed.figure_spec(study),
        code=code_digest("orion.figures"),
        stem=lambda w: f"results/figures/{w.student}/{w.analysis}",
    shell:
        "python -m orion.figures --spec {params.spec:q} --analysis {input} --output {params.stem} > {log} 2>&1"


rule figures:
    input:
        expand(
            "results/figures/{figure}{ending}",
            figure=analysed.analyses(study),
            ending=[".csv", ".svg", ".png"],
        ),


rule analysis:
    input:
        expand("results/analysis/{analysis}.parquet", analysis=analysed.analyses(study)),
