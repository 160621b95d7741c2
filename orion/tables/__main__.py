"""`python -m orion.tables`: scores files -> a table as CSV (wide and tidy), Markdown and LaTeX.

Writes into --output-dir, for the spec's `name`: {name}.csv (as the paper prints it), {name}.tidy.csv (every number),
{name}.tests.csv (every paired test and what would settle it), {name}.claims.csv and .md (which of the paper's claims
this run supports, contradicts or cannot decide; none without a `paper`), {name}.md and {name}.tex.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from orion import cli
from orion.tables.config import ScoreTable


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orion.tables", description=__doc__)
    parser.add_argument("--spec", required=True, help="JSON (or @FILE): methods, decoding, k, baselines, ...")
    parser.add_argument("--scores", required=True, nargs="+", type=Path, help="of all students, methods and seeds")
    parser.add_argument("--output-dir", required=True, type=Path, help="folder of the tables")
    arguments = parser.parse_args()
    spec = ScoreTable.parse(cli.read_spec(arguments.spec))

    from orion.files import write_text
    from orion.tables import layout
    from orion.tables.claims import CLAIM_COLUMNS, claims
    from orion.tables.claims import markdown as claims_markdown
    from orion.tables.comparison import make_table
    from orion.tables.results import read_scores
    from orion.tables.tidy import tests, tidy

    table = make_table(spec, read_scores(arguments.scores))
    found = claims(table)
    texts = {
        "claims.csv": layout.csv_text(found, CLAIM_COLUMNS),
        "claims.md": claims_markdown(found),
        "csv": layout.csv_text(layout.wide(table)),
        "tidy.csv": layout.csv_text(tidy(table)),
        "tests.csv": layout.csv_text(tests(table)),
        "md": layout.markdown(table),
        "tex": layout.latex(table),
    }
    for suffix, text in texts.items():
        write_text(arguments.output_dir / f"{spec.name}.{suffix}", text)


if __name__ == "__main__":
    cli.run(main)
