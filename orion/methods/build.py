"""`python -m orion.methods.build`: build the training set of one stage of a recipe."""

from __future__ import annotations

import argparse
import json
from importlib import import_module
from pathlib import Path
from typing import Any

from orion import cli
from orion.config.base import Part
from orion.config.methods import Stage
from orion.errors import UserError
from orion.methods import CHOOSER, DATA


class TrainingSetSpec(Part):
    """The config keys on which a training set depends."""

    stage: Stage
    prompts: dict[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orion.methods.build", description=__doc__)
    parser.add_argument("--spec", required=True, help="JSON (or @FILE): stage, prompts")
    parser.add_argument(
        "--input", action="append", default=[], metavar="NAME=PATH", help="an artifact that the stage's data needs"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the choice of problems where the stage has a limit")
    parser.add_argument("--output", required=True, type=Path, help="parquet: id, prompt, completion, ...")
    parser.add_argument("--stats", required=True, type=Path, help="JSON: rows kept and dropped, by reason")
    arguments = parser.parse_args()
    spec = TrainingSetSpec.parse(cli.read_spec(arguments.spec))
    data = DATA[spec.stage.data]
    choice = spec.stage.choose
    chosen_by = ("problems", *choice.needs) if choice else ()
    paths: dict[str, list[Path]] = {}
    for pair in arguments.input:
        name, _, path = pair.partition("=")
        paths.setdefault(name, []).append(Path(path))
    matched = ("matched",) if spec.stage.match else ()
    if missing := {*data.needs, *chosen_by, *matched} - paths.keys():
        raise UserError(f"--input: data '{spec.stage.data}' also needs {', '.join(sorted(missing))}")

    import polars as pl

    from orion.files import read_table, write_json, write_table
    from orion.methods.rows import limited, shared
    from orion.problems.table import read_problems

    def read(name: str) -> Any:
        if name == "problems":
            return read_problems(paths[name][0])
        tables = [read_table(path) for path in paths[name]]
        return tables if name in ("exposure", "matched") else tables[0]

    inputs = {name: read(name) for name in dict.fromkeys([*data.needs, *chosen_by, *matched])}
    builder = getattr(import_module(data.module), data.function)
    training_set = builder(spec.prompts, **{name: inputs[name] for name in data.needs})
    if choice is not None:
        choose = import_module(CHOOSER).choose
        given = {name: inputs[name] for name in chosen_by}
        training_set = choose(training_set, choice, arguments.seed, spec.stage.limit, **given)
    if matched:
        training_set = shared(training_set, [set(table["id"]) for table in inputs["matched"]])
    if spec.stage.limit is not None:
        training_set = limited(training_set, spec.stage.limit, arguments.seed)
    rows = [
        row._replace(prompt=json.dumps([m._asdict() for m in row.prompt]), sources=list(row.sources))
        for row in training_set.rows
    ]
    schema: dict[str, Any] = {
        "id": pl.String,
        "prompt": pl.String,
        "completion": pl.String,
        "rejected": pl.String,
        "sources": pl.List(pl.String),
    }
    write_table(arguments.output, pl.DataFrame(rows, schema=schema, orient="row"), {"data": spec.stage.data})
    stats: dict[str, Any] = {
        "out": len(rows),
        "problems": len({row.id for row in rows}),
        "dropped": {reason: n for reason, n in sorted(training_set.dropped.items()) if n},
    }
    if training_set.about:
        stats["chosen"] = training_set.about
    write_json(arguments.stats, stats)
    print(f"{stats['out']} rows for {stats['problems']} problems; dropped {stats['dropped'] or 'none'}")


if __name__ == "__main__":
    cli.run(main)
