"""The conda environments say what pyproject and the lock say, one source of versions for both ways to install."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from envs.make import GROUPS, environments

ROOT = Path(__file__).resolve().parents[2]


def pins(name: str) -> list[str]:
    dependencies = yaml.safe_load((ROOT / "envs" / f"{name}.yaml").read_text())["dependencies"]
    return next(part["pip"] for part in dependencies if isinstance(part, dict))


def test_the_files_are_those_that_are_made() -> None:
    for name, text in environments().items():
        assert (ROOT / "envs" / name).read_text() == text, "run python -m envs.make"


@pytest.mark.parametrize("name", GROUPS)
def test_every_requirement_is_there_at_the_version_of_the_lock(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = list(project["dependencies"])
    for group in GROUPS[name]:
        wanted += project["optional-dependencies"][group]
    packages = {re.split(r"[\[<>=!~; ]", line)[0].lower() for line in wanted}
    assert {re.split("==| ", pin)[0].lower() for pin in pins(name)} == packages
    assert set(pins(name)) <= set((ROOT / "requirements.lock").read_text().splitlines())


def test_every_rule_that_runs_a_program_has_one_of_them() -> None:
    for path in (ROOT / "rules").glob("*.smk"):
        text = path.read_text()
        assert text.count("    shell:") == text.count("    conda:"), path.name
        used = set(re.findall(r'"\.\./envs/(\w+)\.yaml"', text))
        assert used <= GROUPS.keys(), path.name


@pytest.mark.slow
@pytest.mark.parametrize("name", GROUPS)
def test_the_pins_resolve_together(name: str, tmp_path: Path) -> None:
    uv = shutil.which("uv", path=Path(sys.executable).parent)
    if uv is None:
        pytest.skip("no uv here")
    wanted = tmp_path / "requirements.in"
    wanted.write_text("\n".join(pins(name)))
    command = [uv, "pip", "compile", "--quiet", "--python-version", "3.12", str(wanted)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if re.search("dns error|tcp connect|Failed to fetch", done.stderr):
        pytest.skip("the package index cannot be reached")
    assert done.returncode == 0, done.stderr
