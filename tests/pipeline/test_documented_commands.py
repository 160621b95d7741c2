"""Every `snakemake` command that the README and the configs show is one that Snakemake understands and can plan."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from snakemake.cli import get_argument_parser

from tests.pipeline.workspace import ROOT

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "config").glob("*.yaml")), ROOT / "profiles/slurm/config.yaml"]
COMMAND = re.compile(r"^#? +(?:\.venv/bin/)?snakemake (.+?)(?: {2,}.*)?$|`snakemake ([^`]+)`", re.MULTILINE)


def commands() -> list[list[str]]:
    """Without repetitions, and without those that leave arguments open."""
    found = {}
    for document in DOCUMENTS:
        for match in COMMAND.finditer(document.read_text()):
            command = re.sub(r"\s#.*", "", match[1] or match[2])
            if "..." not in command:
                found[command] = command.split()
    return list(found.values())


def test_commands_are_found():
    assert len(commands()) > 10


@pytest.mark.parametrize("arguments", commands(), ids=" ".join)
def test_a_documented_command_can_be_planned(arguments, tmp_path):
    given = get_argument_parser().parse_args(arguments)
    configs = [
        str(path if path.is_absolute() else ROOT / path) for path in given.configfile if path.name != "mine.yaml"
    ]
    assert all(path.endswith(".yaml") for path in configs), (
        "--configfile takes what follows it: targets stand before it"
    )
    if any("path: data/" in Path(path).read_text() for path in configs):
        pytest.skip("the data is a user's own; test_own_files.py makes some")
    options = ["--configfile", *configs] if configs else []
    command = [sys.executable, "-m", "snakemake", *given.targets, "--snakefile", str(ROOT / "Snakefile"), "--dry-run"]
    done = subprocess.run(
        [*command, "--quiet", "rules", "--directory", str(tmp_path), *options], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
