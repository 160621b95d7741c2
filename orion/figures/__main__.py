"""`python -m orion.figures`: draw the numbers of an analysis as {stem}.svg and {stem}.png, beside {stem}.csv."""

from __future__ import annotations

import argparse
from pathlib import Path

from pydantic import Field

from orion import cli
from orion.config.base import Part
from orion.errors import UserError

DPI = 300  # in print


class FigureSpec(Part):
    """How methods are named."""

    labels: dict[str, str] = Field(default_factory=dict)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orion.figures", description=__doc__)
    parser.add_argument("--spec", default="{}", help="JSON (or @FILE): labels of the methods")
    parser.add_argument("--analysis", required=True, type=Path, help="parquet of an analysis")
    parser.add_argument("--output", required=True, type=Path, help="the figure's path without its ending")
    arguments = parser.parse_args()
    spec = FigureSpec.parse(cli.read_spec(arguments.spec))

    from orion.figures.charts import CHARTS
    from orion.files import read_metadata, read_table, replacing, write_text

    table = read_table(arguments.analysis)
    metadata = read_metadata(arguments.analysis)
    name = metadata.get("analysis")
    if name not in CHARTS:
        raise UserError(f"{arguments.analysis}: says it is {name!r}; figures exist of {', '.join(CHARTS)}")
    stem = str(arguments.output)
    numbers = CHARTS[name].numbers(table, spec.labels)
    write_text(f"{stem}.csv", numbers.write_csv())
    chart = CHARTS[name].draw(numbers, metadata)
    for ending, options in ((".svg", {}), (".png", {"ppi": DPI})):
        with replacing(f"{stem}{ending}") as part:
            chart.save(str(part), format=ending[1:], **options)
    print(f"{stem}.svg, .png, .csv")


if __name__ == "__main__":
    cli.run(main)
