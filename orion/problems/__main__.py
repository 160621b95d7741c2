"""`python -m orion.problems`: make a problems file, for training or as a benchmark.

From the seeded generator, a file of your own, a known benchmark or a hub dataset. Every row is checked first: a
malformed one is refused with file, row and column.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from orion import cli
from orion.config.problems import ArithmeticSource


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orion.problems", description=__doc__)
    parser.add_argument("--spec", required=True, help="JSON (or @FILE): source and its options")
    parser.add_argument("--name", required=True, help="'train', or the benchmark's name")
    parser.add_argument("--output", required=True, type=Path, help="parquet: id, problem, answer, solution, ...")
    arguments = parser.parse_args()
    source = ArithmeticSource.parse(cli.read_spec(arguments.spec))

    from orion.problems.arithmetic import generate
    from orion.problems.table import write_problems

    held_out = arguments.name != "train"
    seed = f"{'bench' if held_out else 'train'}{source.seed}"
    problems = [
        problem._replace(source="arithmetic", subject=family)
        for family, problem in generate(source.families, source.numbers, seed, held_out)
    ]
    write_problems(arguments.output, problems, {"source": source.model_dump(mode="json"), "held_out": held_out})
    print(f"{len(problems)} problems")


if __name__ == "__main__":
    cli.run(main)
