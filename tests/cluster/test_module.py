"""Another workflow imports this one, with a prefix and a config of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SNAKEFILE = """
module orion:
    snakefile: "{root}/Snakefile"
    config: config
    prefix: "distillation"

use rule * from orion as orion_*

rule summary:
    default_target: True
    input: rules.orion_tables.input
    output: "summary.txt"
    shell: "touch {{output}}"
"""


@pytest.mark.slow
def test_the_workflow_is_a_module_with_its_own_prefix_and_config(tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(SNAKEFILE.format(root=ROOT))
    (tmp_path / "mine.yaml").write_text("exposure: {temperatures: ['0.3']}\n")
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--configfile", "mine.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "output: distillation/results/smollm2/base/train/t0.3.parquet" in said, "their config is laid over ours"
    assert "t0.4" not in said
    outputs = [line for line in said.splitlines() if line.startswith("    output: ")]
    assert all(line.split()[1].startswith("distillation/results/") for line in outputs[:-1] if "summary" not in line)
