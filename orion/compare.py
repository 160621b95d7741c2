"""`python -m orion.compare A B`: is A better than B? The paired comparison of two scored files.

A and B are sample files (as `orion.sample` writes them) or scores files of the same problems, or the folder of a method
(results/STUDENT/METHOD), whose training seeds then count as a level above. Says the scores with
their intervals, the difference with its p value, and, where it is open, what would settle it. The tables use the same
functions.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion import cli
from orion.errors import UserError

if TYPE_CHECKING:
    import polars as pl

    from orion.tables.results import Cell


def read_cells(path: Path) -> dict[tuple[str, str], Cell]:
    """(benchmark, decoding) -> cell, of a sample file, a scores file, or a method's folder with its seeds' scores.

    A sample file must hold every draw of every problem that it mentions; whether problems are missing altogether
    shows when it is compared with another file.

    Raises:
        UserError: no such file, neither samples nor scores, or seeds with different problems.
    """
    from orion.tables.results import make_cell

    files = sorted(path.glob("seed*/scores.parquet")) if path.is_dir() else [path]
    if not files:
        raise UserError(f"{path}: no seed*/scores.parquet in this folder; score the method first, or name a file")
    parts: dict[tuple[str, str], list[Any]] = {}
    for number, file in enumerate(files):
        for name, (part, run) in _read_parts(file).items():
            parts.setdefault(name, []).append((file, str(number), part, run))
    return {name: make_cell(found) for name, found in parts.items()}


def _read_parts(path: Path) -> dict[tuple[str, str], tuple[pl.DataFrame, dict[str, Any]]]:
    """(benchmark, decoding) -> its scores and how it was sampled."""
    from orion.files import read_metadata, read_table
    from orion.scores import score_samples

    table, metadata = read_table(path), read_metadata(path)
    runs = {(run["benchmark"], run["decoding"]): run for run in metadata.get("runs", [])}
    if "answer_class" in table.columns:
        parts = {
            (str(benchmark), str(decoding)): part
            for (benchmark, decoding), part in table.group_by("benchmark", "decoding", maintain_order=True)
        }
    else:
        if "id" not in table.columns:
            raise UserError(f"{path}: neither samples nor scores; it has {', '.join(table.columns)}")
        problems = table.select("id").unique(maintain_order=True).sort("id")
        name = metadata.get("problems", ""), metadata.get("decoding", "")
        parts = {name: score_samples(table, problems, str(path), metadata.get("draws"))}
    return {name: (part, runs.get(name, {})) for name, part in parts.items()}


def compare_files(first: Path, second: Path, metrics: list[str], confidence: float = 0.95) -> list[dict[str, Any]]:
    """One row a benchmark, decoding and metric, and for several benchmarks their average. Shares as percent.

    Raises:
        UserError: the files do not hold the same benchmarks, problems and draws.
    """
    from orion.tables.comparison import compare_entries, make_entry, make_plan
    from orion.tables.results import draws_of

    a, b = read_cells(first), read_cells(second)
    if len(a) == len(b) == 1:  # samples of one benchmark: their names need not agree
        b = dict(zip(a, b.values(), strict=True))
    if shared := [name for name in a if name in b]:
        for name in shared:
            _check_same_problems(a[name], b[name], first, second)
    else:
        raise UserError(f"{first} and {second} have no benchmark and decoding in common")
    groups: dict[tuple[str, str], list[tuple[str, str]]] = {name: [name] for name in shared}
    for decoding in dict.fromkeys(decoding for _, decoding in shared):
        members = [name for name in shared if name[1] == decoding]
        if len(members) > 1:
            groups["Average", decoding] = members
    rows = []
    for (benchmark, decoding), members in groups.items():
        for metric in metrics:
            if draws_of(metric) > min(cells[name].draws for cells in (a, b) for name in members):
                continue  # a greedy decoding has one draw; Acc@10 is for the sampled one
            one, other = (make_entry([cells[name] for name in members], metric, confidence) for cells in (a, b))
            difference = compare_entries(one, other, metric, confidence)
            plan = make_plan(difference, (one, other), metric, 1 - confidence)
            rows.append(
                {
                    "benchmark": benchmark,
                    "decoding": decoding,
                    "metric": metric,
                    "problems": difference.problems,
                    "draws": one.cells[0].draws,
                    "seeds": max(len(side.cells[0].seeds) for side in (one, other)),
                    "first": [100 * value for value in one.score[:3]],
                    "second": [100 * value for value in other.score[:3]],
                    "difference": [100 * value for value in difference[:3]],
                    "p": difference.p,
                    "problems_better": difference.better,
                    "problems_worse": difference.worse,
                    "detectable": 100 * plan.detectable,
                    "draws_needed": plan.draws,
                    "seeds_needed": plan.seeds,
                    "problems_needed": plan.problems,
                }
            )
    if not rows:
        raise UserError(f"no draws for {', '.join(metrics)}: {first} has {', '.join(str(c.draws) for c in a.values())}")
    return rows


def _check_same_problems(a: Cell, b: Cell, first: Path, second: Path) -> None:
    if a.ids != b.ids:
        odd = sorted(set(a.ids) ^ set(b.ids))
        where = f"; {odd[0]} is only in {first if odd[0] in set(a.ids) else second}" if odd else ", in another order"
        raise UserError(f"{first} and {second} do not hold the same problems ({len(odd)} are in one only{where})")


def _text(row: dict[str, Any], names: tuple[str, str], confidence: float) -> str:
    from orion.statistics.planning import Plan
    from orion.tables.open import settling

    def interval(value: list[float], sign: str = "") -> str:
        return f"{value[0]:{sign}.1f} [{value[1]:{sign}.1f}, {value[2]:{sign}.1f}]"

    title = " ".join(part for part in (row["benchmark"], row["decoding"], row["metric"]) if part)
    width = max(len(name) for name in names)
    lines = [
        f"{title}: {row['problems']} problems x {row['draws']} draws"
        + (f", {row['seeds']} training seeds" if row["seeds"] > 1 else ""),
        f"  {names[0]:{width}}  {interval(row['first'])}",
        f"  {names[1]:{width}}  {interval(row['second'])}",
        f"  {'difference':{width}}  {interval(row['difference'], '+')}, p = {row['p']:.3g}; "
        f"higher on {row['problems_better']} problems, lower on {row['problems_worse']}",
    ]
    if row["p"] > 1 - confidence:
        plan = Plan(row["detectable"], *(row[f"{name}_needed"] for name in ("draws", "seeds", "problems")))
        needed = settling(plan)
        settle = f"; a true difference of this size would show with {needed}" if needed else ""
        lines.append(f"  not separated: this design shows differences from {row['detectable']:.1f} points{settle}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orion.compare", description=__doc__)
    parser.add_argument("first", type=Path, metavar="A", help="samples or scores, or a method's folder")
    parser.add_argument("second", type=Path, metavar="B", help="the same for the other policy, same problems and draws")
    parser.add_argument("--metric", nargs="+", default=["Acc@1"], help="Acc@1 (default), Acc@K, maj@K")
    parser.add_argument("--confidence", type=float, default=0.95, help="of the intervals (default 0.95)")
    parser.add_argument("--json", action="store_true", help="print rows as JSON")
    arguments = parser.parse_args()
    rows = compare_files(arguments.first, arguments.second, arguments.metric, arguments.confidence)
    if arguments.json:
        print(json.dumps(rows, indent=2))
    else:
        names = (f"A {arguments.first}", f"B {arguments.second}")
        print("\n\n".join(_text(row, names, arguments.confidence) for row in rows))


if __name__ == "__main__":
    cli.run(main)
