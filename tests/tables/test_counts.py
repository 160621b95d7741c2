"""What was dropped and what it cost are tables too."""

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from orion.errors import UserError
from orion.tables.cost import costs
from orion.tables.coverage import coverage, read_stats
from orion.tables.paths import Place, place


@pytest.mark.parametrize(
    "path, expected",
    [
        ("results/problems/train.parquet", Place("problems", name="train")),
        ("results/teacher/r1/cots.stats.json", Place("teacher", name="r1/cots")),
        ("benchmarks/qwen/base/train/t0.6.tsv", Place("exposure", "qwen", name="t0.6")),
        ("results/qwen/errors.stats.json", Place("exposure", "qwen", name="errors")),
        ("/x/results/qwen/refined/cot.parquet", Place("refinement", "qwen", name="cot")),
        ("results/qwen/orion/sft.training_set.stats.json", Place("training set", "qwen", "orion", name="sft")),
        ("results/qwen/orion/seed1/sft.training_set.stats.json", Place("training set", "qwen", "orion", "1", "sft")),
        ("benchmarks/qwen/orion/seed1/sft.tsv", Place("training", "qwen", "orion", "1", "sft")),
        ("results/qwen/orion/seed1/sft/training_log.stats.json", Place("training", "qwen", "orion", "1", "sft")),
        ("results/qwen/sc/seed0/sft/train/t1.parquet", Place("exposure", "qwen", "sc", "0", "sft/train/t1")),
        ("results/qwen/sc/seed0/sft/errors.stats.json", Place("exposure", "qwen", "sc", "0", "sft/errors")),
        ("results/qwen/sc/seed0/sft/locations.parquet", Place("teacher", "qwen", "sc", "0", "sft/locations")),
        ("benchmarks/qwen/sc/seed0/sft/corrections.tsv", Place("teacher", "qwen", "sc", "0", "sft/corrections")),
        (
            "results/qwen/sc/seed0/sft/own_corrections.parquet",
            Place("refinement", "qwen", "sc", "0", "sft/own_corrections"),
        ),
        (
            "results/qwen/orion/seed0/math500/greedy.parquet",
            Place("evaluation", "qwen", "orion", "0", "math500/greedy"),
        ),
        ("results/qwen/orion/seed0/scores.parquet", Place("evaluation", "qwen", "orion", "0", "scores")),
        ("results/analysis/length.parquet", Place("other", name="analysis/length")),
    ],
)
def test_a_path_says_what_it_holds(path: str, expected: Place) -> None:
    assert place(Path(path)) == expected


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def stats(tmp_path: Path) -> list[Path]:
    results = tmp_path / "results"
    found = {
        "qwen/refined/cot.stats.json": {
            "in": 10, "out": 4, "dropped": {"wrong-answer": 6}, "problems": 5, "problems_kept": 3,
        },
        "teacher/r1/cots.stats.json": {"in": 5, "out": 5, "dropped": {}},
        "qwen/errors.stats.json": {
            "in": 25, "out": 10, "dropped": {"correct": 12, "cut-off": 3}, "problems": 5, "problems_with_errors": 4,
        },
        "qwen/orion/sft.training_set.stats.json": {"out": 4, "problems": 3, "dropped": {"too-long": 1}},
    }  # fmt: skip
    return [write(results / name, json.dumps(value)) for name, value in found.items()]


def test_every_filter_says_what_survived_and_why_not(stats: list[Path]) -> None:
    table, reasons = coverage(stats)
    assert [row["artifact"] for row in table] == ["r1/cots", "errors", "cot", "orion/sft"]
    errors = table[1]
    assert (errors["in"], errors["out"], errors["problems"], errors["of problems"]) == (25, 10, 4, 5)
    assert errors["why not"] == "correct 12, cut-off 3" and errors["kept %"] == 40
    assert (table[3]["in"], table[3]["problems"]) == (5, 3)
    assert {(row["artifact"], row["reason"]): row["count"] for row in reasons}["cot", "wrong-answer"] == 6


def test_what_is_no_stats_file_is_said(tmp_path: Path) -> None:
    for text, said in (("{", "not valid JSON"), ("{}", "no stats of a stage")):
        with pytest.raises(UserError, match=said):
            read_stats(write(tmp_path / "x.stats.json", text))
    with pytest.raises(UserError, match="No such file"):
        read_stats(tmp_path / "none.json")


HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


def test_hours_tokens_and_money_are_summed_by_stage_and_method(tmp_path: Path) -> None:
    job = HEADER + "7200.0\t2:00:00\t2048\t1\t1\t1\t0\t0\t50\t3600\n"
    short = HEADER + "0.2\t0:00:00\tNA\tNA\tNA\tNA\tNA\tNA\tNA\tNA\n"
    logs = [
        write(tmp_path / f"benchmarks/q/orion/seed{seed}/sft.tsv", text)
        for seed, text in ((0, job), (1, job), (2, short))
    ]
    cots = tmp_path / "results/teacher/r1/cots.parquet"
    cots.parent.mkdir(parents=True)
    table = pl.DataFrame(
        {"prompt_tokens": [10, 20], "completion_tokens": [100, 200], "cost": [0.5, 0.25], "gpu_seconds": [1800.0, 0.0]}
    )
    table.write_parquet(cots)
    errors = tmp_path / "results/q/errors.parquet"
    errors.parent.mkdir(parents=True)
    table.write_parquet(errors)
    text = '{"out": 1, "trained_tokens": 77, "seconds": 7200, "gpus": 4}'
    trained = write(tmp_path / "results/q/orion/seed0/sft/training_log.stats.json", text)
    rows = {row["stage"]: row for row in costs(logs, [cots, errors], [trained])}
    training, teacher, total = rows["training"], rows["teacher"], rows["total"]
    assert (training["jobs"], training["method"], training["memory GB"]) == (3, "orion", 2.0)
    assert training["hours"] == pytest.approx(4, abs=0.001) and training["GPU hours"] == pytest.approx(8)
    assert training["CPU hours"] == pytest.approx(2) and training["trained tokens"] == 77
    assert (teacher["prompt tokens"], teacher["completion tokens"], teacher["money"]) == (30, 300, 0.75)
    assert teacher["GPU hours"] == pytest.approx(0.5) and total["GPU hours"] == pytest.approx(8.5)
    assert "exposure" not in rows  # errors are a choice of samples, not new ones
    assert total["jobs"] == 3 and total["completion tokens"] == 300 and total["memory GB"] == 2.0


def test_a_file_that_is_no_benchmark_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no benchmark file"):
        costs([write(tmp_path / "x.tsv", "a\tb\n1\t2\n")], [], [])


def test_the_programs_write_their_tables(stats: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "tables"
    log = write(tmp_path / "benchmarks/q/errors.tsv", HEADER + "1\t0:00:01\t1\t1\t1\t1\t0\t0\t50\t1\n")
    for program, arguments in (("coverage", ["--stats", *stats]), ("cost", ["--benchmarks", log])):
        command = [sys.executable, "-m", f"orion.tables.{program}", "--output-dir", out, *arguments]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert {path.name for path in out.iterdir()} == {
        "data.csv", "data.tidy.csv", "data.reasons.csv", "data.md", "data.tex", "cost.csv", "cost.tidy.csv", "cost.md",
        "cost.tex",
    }  # fmt: skip
    tidy = (out / "data.tidy.csv").read_text().splitlines()
    assert tidy[0] == "student,stage,artifact,why not,quantity,value"
    assert "correct 12" in (out / "data.md").read_text() and r"\toprule" in (out / "cost.tex").read_text()
