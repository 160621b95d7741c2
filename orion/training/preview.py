"""See what would be trained: `python -m orion.training.preview TRAINING_SET` prints rows with their mask in colour.

Grey is read and not trained (the prompt), green is learned, red is unlearned (krsl) or set against (dpo), plain bears
no loss. Without colours the trained part stands between > and <.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from orion.cli import read_spec, run
from orion.config.student import Student
from orion.config.training import TrainingSpec
from orion.errors import UserError

if TYPE_CHECKING:
    from orion.chat import Chat
    from orion.students import Manifest
    from orion.training.rows import Side

GREY, GREEN, RED, PLAIN = "\033[90m", "\033[32m", "\033[31m", "\033[0m"


def find_manifest(training_set: Path) -> Path:
    """results/{student}/... -> results/models/{student}/manifest.json."""
    for folder in training_set.resolve().parents:
        found = folder.parent / "models" / folder.name / "manifest.json"
        if found.is_file():
            return found
    raise UserError(f"{training_set}: does not lie in a student's results; name its model with --model MANIFEST")


def student_of(manifest: Manifest) -> Student:
    """The student as far as its manifest tells: system prompt and thinking switch need --spec."""
    given = {"model": manifest.source}
    if manifest.source.startswith("pypi:"):
        given["sha256"] = manifest.revision
    if manifest.template not in ("model", "plain"):
        given["chat_template"] = manifest.template
    return Student.model_validate(given)


def runs(side: Side, chat: Chat, against: bool) -> list[tuple[str, str]]:
    """(mark, text) of the stretches of a sequence that the same is done with."""
    weights: list[float | None] = [*[None] * side.start, *side.weights]
    found: list[tuple[str, list[int]]] = []
    for token, weight in zip(side.ids, weights, strict=True):
        learned = GREEN if not against else RED
        mark = GREY if weight is None else PLAIN if weight == 0 else RED if weight < 0 else learned
        if not found or found[-1][0] != mark:
            found.append((mark, []))
        found[-1][1].append(token)
    return [(mark, chat.tokenizer.decode(ids)) for mark, ids in found]


def paint(side: Side, chat: Chat, against: bool, colours: bool) -> str:
    """The text of a sequence, token by token, marked by what is done with it."""
    parts = runs(side, chat, against)
    if colours:
        return "".join(f"{mark}{text}{PLAIN}" for mark, text in parts)
    return "".join(f">{text}<" if mark in (GREEN, RED) else text for mark, text in parts)


def main() -> int:
    parser = argparse.ArgumentParser(prog="orion.training.preview", description=__doc__.split("\n\n")[0])
    parser.add_argument("training_set", type=Path)
    parser.add_argument("--rows", type=int, default=3, help="how many, from the first on")
    parser.add_argument(
        "--model", type=Path, help="manifest.json; default: of the student in whose results the set lies"
    )
    parser.add_argument("--spec", help="the training's spec (JSON or @FILE), as in its log, for other than plain sft")
    parser.add_argument("--objective", choices=("sft", "dpo", "krsl"), help="instead of the spec's")
    arguments = parser.parse_args()

    from orion.chat import Chat
    from orion.students import read_manifest
    from orion.training.objectives import make_objective
    from orion.training.rows import make_examples, read_rows

    manifest = read_manifest(arguments.model or find_manifest(arguments.training_set))
    if arguments.spec:
        spec = TrainingSpec.parse(read_spec(arguments.spec))
    else:
        spec = TrainingSpec.model_validate({"student": student_of(manifest).model_dump(exclude_none=True)})
    if arguments.objective:
        spec = spec.model_copy(update={"objective": arguments.objective})
    chat = Chat.load(manifest, spec.student)
    objective = make_objective(spec)
    rows = read_rows(arguments.training_set, objective.columns)
    longest = min(spec.training.max_length or manifest.context_length, manifest.context_length)
    examples, stats = make_examples(rows, chat, objective, longest, str(arguments.training_set))
    colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    for example in examples[: arguments.rows]:
        for number, side in enumerate(example.sides):
            borne = sum(weight != 0 for weight in side.weights)
            title = f"{example.id}, {objective.columns[number]}: {len(side.ids)} tokens, {borne} bear a loss"
            print(f"--- {title}\n{paint(side, chat, number > 0, colours)}\n")
    print(", ".join(f"{name} {value}" for name, value in stats.items()))
    return 0


if __name__ == "__main__":
    run(main)
