"""What the programs share that ask a teacher for more than CoTs: their arguments, the open store, what they write."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion import cli
from orion.config.teacher import Teacher
from orion.errors import UserError

if TYPE_CHECKING:
    from orion.teacher.ask import Asking


def read_arguments(
    name: str, description: str | None, spec: str, *, many: Mapping[str, str] | None = None, **inputs: str
) -> argparse.Namespace:
    """`spec`, `inputs` and `many` (name: what the file is, or the files) are help texts; each input is a parquet file
    that must be given. `name` is that of a module of this package, or with dots of any."""
    module = name if "." in name else f"orion.teacher.{name}"
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
    parser.add_argument("--spec", required=True, help=f"JSON (or @FILE): {spec}")
    for argument, help in (many or {}).items():
        parser.add_argument(f"--{argument}", required=True, nargs="+", type=Path, help=help)
    for argument, help in inputs.items():
        parser.add_argument(f"--{argument}", required=True, type=Path, help=help)
    parser.add_argument("--store", required=True, type=Path, help="folder that keeps every response for good")
    parser.add_argument("--endpoint", help="JSON (or @FILE): where and how hard to ask; changes no result")
    parser.add_argument("--offline", action="store_true", help="ask nothing; fail and list what the store lacks")
    parser.add_argument("--output", required=True, type=Path, help="parquet; beside it <stem>.stats.json")
    return parser.parse_args()


def need_prompts(given: Mapping[str, str], names: Sequence[str]) -> None:
    if missing := set(names) - given.keys():
        raise UserError(f"--spec: prompts lack {', '.join(sorted(missing))}")


@contextmanager
def open_asking(teacher: Teacher, arguments: argparse.Namespace, label: str) -> Iterator[Asking]:
    """The teacher behind the arguments' store and endpoint. At the end of the block, gaps are settled."""
    from orion.config.endpoint import Endpoint
    from orion.teacher.ask import Asking

    endpoint = Endpoint.parse(cli.read_spec(arguments.endpoint)) if arguments.endpoint else None
    with Asking(teacher, arguments.store, endpoint=endpoint, label=label, offline=arguments.offline) as asking:
        yield asking
        asking.settle()


def write_outputs(
    output: Path, rows: Sequence[Mapping[str, Any]], schema: Mapping[str, type], about: Mapping[str, Any],
    counts: Mapping[str, Any],
) -> None:  # fmt: skip
    """The rows as parquet, in the schema's columns (Python types; list is one of texts), and the counts beside it."""
    import polars as pl

    from orion import files

    types: dict[type, Any] = {
        str: pl.String, int: pl.Int64, float: pl.Float64, bool: pl.Boolean, list: pl.List(pl.String)
    }  # fmt: skip
    columns = {name: types[kind] for name, kind in schema.items()}
    files.write_table(output, pl.DataFrame(list(rows), schema=columns, orient="row"), about)
    files.write_json(output.with_suffix(".stats.json"), counts)
