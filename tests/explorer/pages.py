"""Makes the explorer's page of a results folder, by its program."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SPEC = {
    "students": ["student"],
    "methods": ["vanilla", "sft-long-cot", "orion"],
    "labels": {"orion": "ORION", "sft-long-cot": "SFT(Long-CoT)", "vanilla": "Vanilla"},
    "base": "vanilla",
}


def make_page(results: Path, output: Path) -> str:
    """What the program prints."""
    student = results / "student"
    command = [sys.executable, "-m", "orion.explorer", "--spec", json.dumps(SPEC), "--output", str(output)]
    command += ["--problems", results / "problems/train.parquet", "--benchmarks", results / "problems/bench.parquet"]
    command += ["--cots", results / "teacher/scripted/cots.parquet", "--errors", student / "errors.parquet"]
    command += ["--refined", student / "refined/error-and-cot.parquet"]
    command += ["--samples", *sorted(student.glob("*/seed*/bench/sampled.parquet"))]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
