"""`python -m bench.dag [--jobs 100 1000 ...]`: how long Snakemake takes to plan our rules, beside two bare Snakefiles
with as many shell jobs: a chain, one input each (bare), and one whose jobs have as many inputs as ours (wide), as its
time goes with inputs as much as with jobs; each with nothing made yet (plan) and with everything made (no-op).

Seconds are of processor time, the fewest of several turns: planning waits for nothing, and other load hardly counts.
"""

from __future__ import annotations

import argparse
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
DRY = ["--dry-run", "--quiet", "rules"]
# As many levels as ours, each job with inputs, a log, a benchmark file and a param. `MORE` are files that all share,
# as ours share problems and models.
BARE = """
N = {width}
MORE = expand("out/0/{{n}}.txt", n=range({more}))

rule all:
    input: expand("out/7/{{n}}.txt", n=range(N))

rule first:
    output: "out/0/{{n}}.txt"
    log: "logs/0/{{n}}.log"
    benchmark: "benchmarks/0/{{n}}.tsv"
    params: spec="first"
    shell: "echo {{params.spec}} > {{output}} 2> {{log}}"
"""
LEVEL = """
rule level{level}:
    input: "out/{before}/{{n}}.txt", MORE
    output: "out/{level}/{{n}}.txt"
    log: "logs/{level}/{{n}}.log"
    benchmark: "benchmarks/{level}/{{n}}.tsv"
    params: spec="level{level}"
    shell: "cat {{input}} > {{output}} 2> {{log}}"
"""


def study(jobs: int) -> dict[str, object]:
    """The embedded default with as many training seeds as make about so many jobs."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    trained = sum(1 for recipe in config["methods"].values() if recipe.get("stages"))
    a_seed = trained * (3 + len(config["benchmarks"]) * len(config["evaluation"]["decodings"]))
    return dict(config) | {"seeds": list(range(max(1, jobs // a_seed)))}


def snakemake(folder: Path, *arguments: str) -> tuple[float, str]:
    """Processor time in seconds, and what it said."""
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "snakemake", "--directory", str(folder)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout + done.stderr


def planned(said: str) -> int:
    found = re.search(r"^total +(\d+)", said, re.MULTILINE)
    return int(found[1]) if found else 0


def measure(jobs: int, folder: Path, repeats: int) -> None:
    config = folder / "study.yaml"
    config.write_text(yaml.safe_dump(study(jobs)))
    ours = ["--snakefile", str(ROOT / "Snakefile"), "--configfile", str(config)]
    _, said = snakemake(folder / "ours", *ours, "--dry-run")
    count = planned(said)
    inputs = sum(len(found.split(", ")) for found in re.findall(r"^    input: (.*)$", said, re.MULTILINE))
    commands = {"ours": ours}
    for name, more in (("bare", 0), ("wide", round(inputs / count * 8 / 7) - 1)):  # the first of 8 levels has no input
        path = folder / f"{name}.smk"
        levels = "".join(LEVEL.format(level=level, before=level - 1) for level in range(1, 8))
        path.write_text(BARE.format(width=max(1, count // 8), more=more) + levels)
        commands[name] = ["--snakefile", str(path)]
    print(f"{count:,} jobs with {inputs:,} inputs", flush=True)
    for what in ("plan", "no-op"):
        if what == "no-op":
            for name, command in commands.items():
                _make_all(folder / name, command)
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(repeats):
            for name, command in commands.items():
                times[name].append(snakemake(folder / name, *command, *DRY)[0])
        best = {name: min(values) for name, values in times.items()}
        seconds = "   ".join(f"{name} {value:6.2f} s" for name, value in best.items())
        ratios = "   ".join(f"ours/{name} {best['ours'] / best[name]:.2f}" for name in ("bare", "wide"))
        print(f"{what:>6}  {seconds}   {ratios}", flush=True)


def _make_all(place: Path, command: list[str]) -> None:
    """Record every output as made: `--touch` does so for files that exist."""
    _, said = snakemake(place, *command, "--dry-run")
    for outputs in re.findall(r"^    output: (.*)$", said, re.MULTILINE):
        for name in outputs.split(", "):
            path = place / name
            path.mkdir(parents=True) if name.endswith("/adapter") else _touch(path)
    snakemake(place, *command, "--touch", "--cores", "1", "--quiet", "all")


def _touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.dag", description=__doc__)
    parser.add_argument("--jobs", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    for jobs in arguments.jobs:
        with tempfile.TemporaryDirectory() as folder:
            measure(jobs, Path(folder), arguments.repeats)


if __name__ == "__main__":
    main()
