"""`python -m bench.dag [--jobs 100 1000 ...]`: how long Snakemake takes to plan our rules, beside a bare Snakefile with
the same number of shell jobs; each with nothing made yet (plan) and with everything made (no-op).

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
# As many levels as ours, each job with one input, a log, a benchmark file and a param.
BARE = """
N = {width}

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
    input: "out/{before}/{{n}}.txt"
    output: "out/{level}/{{n}}.txt"
    log: "logs/{level}/{{n}}.log"
    benchmark: "benchmarks/{level}/{{n}}.tsv"
    params: spec="level{level}"
    shell: "cp {{input}} {{output}} 2> {{log}}"
"""


def study(jobs: int) -> dict[str, object]:
    """The embedded default with as many training seeds as make about so many jobs."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    trained = sum(1 for recipe in config["methods"].values() if recipe.get("stages"))
    a_seed = trained * (3 + len(config["benchmarks"]) * len(config["evaluation"]["decodings"]))
    return dict(config) | {"seeds": list(range(max(1, jobs // a_seed)))}


def snakemake(snakefile: Path, folder: Path, *arguments: str) -> tuple[float, str]:
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile), "--directory", str(folder)]
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
    ours, bare = folder / "ours", folder / "bare"
    ours.mkdir()
    bare.mkdir()
    config = folder / "study.yaml"
    config.write_text(yaml.safe_dump(study(jobs)))
    given = ["--configfile", str(config)]
    dry = ["--dry-run", "--quiet", "rules"]
    count = planned(snakemake(ROOT / "Snakefile", ours, *dry, *given)[1])
    levels = "".join(LEVEL.format(level=level, before=level - 1) for level in range(1, 8))
    (bare / "Snakefile").write_text(BARE.format(width=max(1, count // 8)) + levels)
    same = planned(snakemake(bare / "Snakefile", bare, *dry)[1])
    for what in ("plan", "no-op"):
        if what == "no-op":  # --touch records outputs as made, for files that exist
            for place, snakefile, more in ((ours, ROOT / "Snakefile", given), (bare, bare / "Snakefile", [])):
                _, said = snakemake(snakefile, place, "--dry-run", *more)
                for outputs in re.findall(r"^    output: (.*)$", said, re.MULTILINE):
                    for name in outputs.split(", "):
                        path = place / name
                        path.mkdir(parents=True) if name.endswith("/adapter") else _touch(path)
                snakemake(snakefile, place, "--touch", "--cores", "1", "--quiet", "all", *more)
        times: dict[str, list[float]] = {"ours": [], "bare": []}
        for _ in range(repeats):
            times["ours"].append(snakemake(ROOT / "Snakefile", ours, *dry, *given)[0])
            times["bare"].append(snakemake(bare / "Snakefile", bare, *dry)[0])
        best = {name: min(values) for name, values in times.items()}
        print(
            f"{what:>6}  ours {count:>6,} jobs {best['ours']:6.2f} s   bare {same:>6,} jobs {best['bare']:6.2f} s   "
            f"ratio {best['ours'] / best['bare']:.2f}",
            flush=True,
        )


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
