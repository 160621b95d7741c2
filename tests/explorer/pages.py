"""Makes the explorer's page of a results folder, by its program."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LABELS = {"orion": "ORION", "sft-long-cot": "SFT(Long-CoT)", "vanilla": "Vanilla"}


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
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
