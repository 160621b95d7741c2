"""`python -m orion.problems`: make a problems file, for training or as a benchmark.

From the seeded generator, a file of your own, a known benchmark or a hub dataset. Every row is checked first: a
malformed one is refused with file, row and column.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from orion import cli
from orion.benchmarks.read import Loaded, load_benchmark
from orion.config.problems import ArithmeticSource, ProblemsSpec
from orion.types import Problem


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orion.problems", description=__doc__)
    parser.add_argument("--spec", required=True, help="JSON (or @FILE): source and its options")
    parser.add_argument("--name", required=True, help="'train', or the benchmark's name")
    parser.add_argument("--output", required=True, type=Path, help="parquet: id, problem, answer, solution, ...")
    arguments = parser.parse_args()
    source = ProblemsSpec.parse(cli.read_spec(arguments.spec)).problems

    from orion.problems.table import write_problems

    if isinstance(source, ArithmeticSource):
        found = Loaded(arithmetic_problems(source, held_out=arguments.name != "train"), {})
    else:
        found = load_benchmark(source, arguments.name)
    described = {"source": source.model_dump(mode="json", exclude_none=True), "dropped": found.dropped}
    write_problems(arguments.output, found.problems, described)
    print(f"{len(found.problems)} problems; dropped {found.dropped or 'none'}")


def arithmetic_problems(source: ArithmeticSource, held_out: bool) -> list[Problem]:
    from orion.problems.arithmetic import generate

    seed = f"{'bench' if held_out else 'train'}{source.seed}"
    return [
        problem._replace(source="arithmetic", subject=family)
        for family, problem in generate(source.families, source.numbers, seed, held_out)
    ]


if __name__ == "__main__":
    cli.run(main)
