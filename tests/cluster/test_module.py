"""Another workflow imports this one, with a prefix and a config of its own."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipeline.workspace import PARTS

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


@pytest.mark.slow
def test_snakedeploy_deploys_it_from_a_git_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real snakedeploy and Snakemake's own way to a host's files; only the host is a folder of this machine."""
    uv = shutil.which("uv", path=Path(sys.executable).parent)
    if uv is None or shutil.which("git") is None:
        pytest.skip("no uv or no git here")
    tools = tmp_path / "tools"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(tools)], check=True)
    install = [uv, "pip", "install", "--quiet", "--python", str(tools / "bin/python"), "snakedeploy==0.17.1"]
    if (done := subprocess.run(install, capture_output=True, text=True, check=False)).returncode:
        pytest.skip(f"snakedeploy cannot be installed: {done.stderr.strip()[-200:]}")

    hosted = tmp_path / "host/owner/orion"
    hosted.mkdir(parents=True)
    for part in [*PARTS, "workflow", "LICENSE"]:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, hosted / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, hosted / part)
    who = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    for command in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "one"], ["tag", "v1"]):
        subprocess.run(["git", *command], cwd=hosted, check=True)
    settings = {f"url.file://{tmp_path}/host/.insteadOf": "https://github.com/", "safe.directory": "*"}
    monkeypatch.setenv("GIT_CONFIG_COUNT", str(len(settings)))
    for number, (key, value) in enumerate(settings.items()):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", key)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("PYTHONPATH", raising=False)

    mine = tmp_path / "mine"
    source = ["https://github.com/owner/orion", str(mine), "--tag", "v1", "--name", "orion"]
    subprocess.run([str(tools / "bin/snakedeploy"), "deploy-workflow", *source], check=True, capture_output=True)
    assert 'github("owner/orion", path="workflow/Snakefile", tag="v1")' in (mine / "workflow/Snakefile").read_text()

    def planned() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-P", "-m", "snakemake", "results/tables/main.csv", "--dry-run", "--quiet", "rules"]
        return subprocess.run(command, cwd=mine, capture_output=True, text=True, check=False)

    alone = planned()
    assert alone.returncode == 1 and "Orion's Python package is not installed" in alone.stdout + alone.stderr
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # as if it were installed
    done = planned()
    assert done.returncode == 0, done.stderr
    assert re.search(r"^make_tables +1$", done.stdout + done.stderr, re.MULTILINE)
