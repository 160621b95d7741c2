"""Makes the explorer's page of a results folder, by its program."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl

from orion.files import write_table

LABELS = {"orion": "ORION", "sft-long-cot": "SFT(Long-CoT)", "vanilla": "Vanilla"}


def write_judged(results: Path, said: str = "It adds where it should not.\nType: calculation") -> None:
    """What a judge said about an error of a training problem and about one of a benchmark's."""
    rows = [
        {"problems": "train", "id": "train-1", "case_key": "t1-1", "type": "reasoning", "judgement": said},
        {"problems": "bench", "id": "bench-2", "case_key": "vanilla-2-1", "type": "calculation", "judgement": said},
        {"problems": "bench", "id": "bench-3", "case_key": "vanilla-3-0", "type": None, "judgement": said},
    ]
    path = results / "analysis/student/judged/errors.parquet"
    write_table(path, pl.DataFrame(rows), {"judge": "scripted-judge", "judge_kind": "script"})


def make_page(results: Path, output: Path, *more: str) -> str:
    """What the program prints."""
    student = results / "student"
    samples = sorted(student.glob("*/seed*/bench/sampled.parquet"))
    methods = sorted({path.parts[-4] for path in samples}, reverse=True)
    spec = {"students": ["student"], "methods": methods, "labels": LABELS, "base": "vanilla"}
    command = [sys.executable, "-m", "orion.explorer", "--spec", json.dumps(spec), "--output", str(output)]
    command += ["--problems", results / "problems/train.parquet", "--benchmarks", results / "problems/bench.parquet"]
    command += ["--cots", *results.glob("teacher/*/cots.parquet"), "--errors", student / "errors.parquet"]
    command += ["--refined", student / "refined/error-and-cot.parquet", "--samples", *samples]
    command += ["--sets", *sorted(student.glob("*/seed*/*.training_set.parquet")), *more]
    command += ["--judged", *results.glob("analysis/student/judged/errors.parquet")]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
