"""A copy of the project in which a test may edit code and config, run the workflow and ask what would be rebuilt."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
MAIN = "results/tables/main.csv"
PARTS = ["Snakefile", "rules", "orion", "config", "profiles", "envs", "report"]


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`over` laid over `base`, mapping by mapping; a value of None takes the key away."""
    result = dict(base)
    for key, value in over.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result


class Workspace:
    """`repo` is the copy of the project, `work` the folder with results; the config is `repo/study.yaml`, whole."""

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        self.repo, self.work = folder / "repo", folder / "work"
        self.work.mkdir(parents=True)
        self.repo.mkdir()
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, self.repo / part, ignore=shutil.ignore_patterns("__pycache__"))
            elif source.exists():
                shutil.copy(source, self.repo / part)
        default = yaml.safe_load((ROOT / "config/config.yaml").read_text())
        self.config = merged(default, config)
        self.configfile = self.repo / "study.yaml"
        self.write(self.config)

    def write(self, config: dict[str, Any]) -> None:
        self.configfile.write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True))

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """Start Snakemake in a process group of its own."""
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(self.repo / "Snakefile")]
        command += ["--configfile", str(self.configfile), "--directory", str(self.work), *arguments]
        environment = {**os.environ, "OMP_WAIT_POLICY": "passive", "PYTHONDONTWRITEBYTECODE": "1"}
        environment.pop("PYTHONPATH", None)
        return subprocess.Popen(
            command,
            cwd=self.work,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            **options,
        )

    def snakemake(self, *arguments: str) -> str:
        """Run Snakemake to its end; its output. A failure shows the logs of the failed stages."""
        process = self.start(*arguments)
        output, _ = process.communicate()
        if process.returncode:
            logs = "\n".join(
                f"--- {path}\n{path.read_text()[-3000:]}"
                for path in map(lambda name: self.work / name, re.findall(r"logs/\S+\.log", output))
                if path.exists()
            )
            raise AssertionError(f"snakemake {' '.join(arguments)} failed:\n{output[-6000:]}\n{logs}")
        return output

    def run(self, *arguments: str) -> str:
        return self.snakemake("--cores", "2", *arguments)

    def asked(self) -> Counter[str]:
        """How often each request was answered, by its key, over all stores."""
        lines = (line for path in self.work.glob("store/**/*.jsonl") for line in path.read_text().splitlines())
        return Counter(json.loads(line)["key"] for line in lines)

    def planned(self, *arguments: str) -> set[str]:
        """What a dry run would do: a rule's name and the values of its wildcards, one text a job."""
        output = self.snakemake("--dry-run", *arguments)
        jobs = set()
        for block in re.findall(r"^(?:local)?rule (\w+):\n((?:    .*\n)*)", output, re.MULTILINE):
            wildcards = re.search(r"^    wildcards: (.*)$", block[1], re.MULTILINE)
            values = wildcards[1].split(", ") if wildcards else []
            jobs.add(" ".join([block[0], *(value.partition("=")[2] for value in values)]))
        return jobs

    @contextmanager
    def edited(self, **over: Any) -> Iterator[None]:
        """The config with `over` laid over it, for a while."""
        self.write(merged(self.config, over))
        try:
            yield
        finally:
            self.write(self.config)

    @contextmanager
    def code(self, path: str, old: str, new: str) -> Iterator[None]:
        """The code with `old` replaced by `new` in one file, for a while."""
        file = self.repo / path
        before = file.read_text()
        assert old in before, f"{path} no longer holds {old!r}: change this test's edit"
        file.write_text(before.replace(old, new, 1))
        try:
            yield
        finally:
            file.write_text(before)
