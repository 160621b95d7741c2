"""`python -m orion.explorer.duals`: a page of pairs of a right and a wrong CoT with their key steps marked (EDIT,
arXiv 2405.19737, as in its figure 3): `results/report/duals/{student}/{method}/{stage}.html`.

Green is learned, red unlearned, all else bears no loss in KRSL: exactly the tokens that training weighs. One file
without scripts, that fetches nothing; what models wrote is escaped, its invisible characters are made visible.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion import cli
from orion.config.training import TrainingSpec
from orion.show.text import visible

if TYPE_CHECKING:
    from orion.chat import Chat
    from orion.training.rows import Example, Side

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:1.5rem;color:#111;background:#fff}
section{border-top:1px solid #bbb;padding:.6rem 0}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:1rem}
.text{white-space:pre-wrap;overflow-wrap:anywhere;min-width:0}
h3{margin:.2rem 0;font-size:.95rem}
.right mark{background:#bfe8d5;outline:1px solid #009e73}
.wrong mark{background:#f9d2bd;outline:1px solid #d55e00;text-decoration:line-through}
"""
HEAD = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Key steps</title>\n'
)


def marked(side: Side, chat: Chat) -> str:
    """The completion of a side as HTML, its weighted tokens marked."""
    from orion.training.preview import GREEN, RED, runs

    ended = side.ids[-1] in chat.stop_ids
    ids, weights = (side.ids[:-1], side.weights[:-1]) if ended else (side.ids, side.weights)
    parts = runs(type(side)(ids[side.start :], 0, weights), chat, against=False)
    texts = [(mark in (GREEN, RED), escape(visible(text))) for mark, text in parts]
    return "".join(f"<mark>{text}</mark>" if key else text for key, text in texts)


def page(examples: Sequence[Example], rows: dict[str, dict[str, Any]], chat: Chat, title: str) -> Iterator[str]:
    """The file, piece by piece; `rows` are the training set's, by id, for the problems' text."""
    from orion.training.rows import messages_of

    sides = [side for example in examples for side in example.sides]
    tokens, keys = sum(map(_tokens, sides)), sum(map(_keys, sides))
    yield f"{HEAD}<style>{STYLE}</style></head>\n<body><h1>Key steps: {escape(title)}</h1>\n"
    share = f", {100 * keys / tokens:.1f}% of all" if tokens else ""
    yield (
        f"<p>{len(examples)} pairs, {keys:,} key tokens{share}. Marked is what a minimum edit script between the two "
        "sides inserts, deletes or replaces.</p>\n"
    )
    for example in examples:
        asked = messages_of(rows[example.id], title)[-1].content
        yield f"<section><h2>{escape(visible(example.id))}</h2><div class=text>{escape(visible(asked))}</div>\n"
        yield "<div class=pair>"
        for name, side in zip(("right", "wrong"), example.sides, strict=True):
            heading = f"{name}: {_keys(side)} of {_tokens(side)} tokens"
            yield f"<div class={name}><h3>{heading}</h3><div class=text>{marked(side, chat)}</div></div>"
        yield "</div></section>\n"
    yield "</body></html>\n"


def _tokens(side: Side) -> int:
    return len(side.weights)


def _keys(side: Side) -> int:
    return sum(weight != 0 for weight in side.weights)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orion.explorer.duals", description=__doc__)
    parser.add_argument("--spec", required=True, help="orion.config.training.TrainingSpec as JSON, or @FILE")
    parser.add_argument("--model", required=True, type=Path, help="manifest.json of the student")
    parser.add_argument("--training-set", required=True, type=Path, help="parquet with completion and rejected")
    parser.add_argument("--pairs", type=int, default=200, help="how many to show, from the first on")
    parser.add_argument("--output", required=True, type=Path, help="the page")
    arguments = parser.parse_args()
    spec = TrainingSpec.parse(cli.read_spec(arguments.spec))

    from orion.chat import Chat
    from orion.files import replacing
    from orion.students import read_manifest
    from orion.training.objectives import make_objective
    from orion.training.rows import make_examples, read_rows

    manifest = read_manifest(arguments.model)
    chat, objective = Chat.load(manifest, spec.student), make_objective(spec)
    where = str(arguments.training_set)
    rows = read_rows(arguments.training_set, objective.columns)
    longest = min(spec.training.max_length or manifest.context_length, manifest.context_length)
    examples, _ = make_examples(rows, chat, objective, longest, where)
    title = "/".join(arguments.training_set.parts[-4:]).removesuffix(".training_set.parquet")
    with replacing(arguments.output) as part, part.open("w", encoding="utf-8") as file:
        for piece in page(examples[: arguments.pairs], {row["id"]: row for row in rows}, chat, title):
            file.write(piece)
    print(f"{min(len(examples), arguments.pairs)} of {len(examples)} pairs: {arguments.output}")


if __name__ == "__main__":
    cli.run(main)
