"""Training set -> examples: token ids, where the completion begins, and the weight of each of its tokens.

A row holds `id`, `prompt` (messages as JSON), `completion`, for paired objectives `rejected`, and optionally `prefix`:
the part of the assistant's turn that is given, not trained.
The prompt is rendered by `orion.chat` exactly as for sampling. Rows that cannot be trained on are dropped and counted.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion.chat import Chat
from orion.errors import UserError
from orion.files import read_table
from orion.training.objectives import Objective
from orion.types import Message

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Side:
    """Token ids of the prompt and, from `start`, the completion with its end token; `weights` are the completion's."""

    ids: list[int]
    start: int
    weights: list[float]


@dataclass(frozen=True, slots=True)
class Example:
    id: str
    sides: tuple[Side, ...]

    @property
    def tokens(self) -> int:
        return sum(len(side.ids) for side in self.sides)

    @property
    def trained(self) -> int:
        """Tokens that bear a loss."""
        return sum(weight != 0 for side in self.sides for weight in side.weights)


def read_rows(path: Path, columns: Sequence[str]) -> list[dict[str, Any]]:
    """
    Raises:
        UserError: the file is missing, holds no rows or lacks a column.
    """
    table: pl.DataFrame = read_table(path)
    missing = [name for name in ("id", "prompt", *columns) if name not in table.columns]
    if missing:
        raise UserError(
            f"{path}: no column {', '.join(missing)}; this objective needs id, prompt, {', '.join(columns)}"
        )
    if table.is_empty():
        raise UserError(
            f"{path}: the training set is empty, nothing to train{_losses(path)}; see the stats.json files of the "
            "stages before it for where the rows were lost (more problems or draws give more), or take the method out "
            "of the config"
        )
    wanted = dict.fromkeys(("id", "prompt", "prefix", "rejected", *columns))
    return table.select(name for name in wanted if name in table.columns).to_dicts()


def _losses(path: Path) -> str:
    """What was dropped when the set was built, where its stats file says so."""
    try:
        dropped = json.loads(path.with_suffix(".stats.json").read_text(encoding="utf-8"))["dropped"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return f" ({', '.join(f'{reason} {count}' for reason, count in dropped.items())})" if dropped else ""


def messages_of(row: dict[str, Any], where: str) -> list[Message]:
    try:
        return [Message(turn["role"], turn["content"]) for turn in json.loads(row["prompt"])]
    except (ValueError, KeyError, TypeError):
        raise UserError(
            f"{where}, row {row['id']}: 'prompt' is no JSON list of messages with role and content"
        ) from None


def _sides(row: dict[str, Any], messages: list[Message], chat: Chat, objective: Objective) -> tuple[Side, ...]:
    prefix = chat.row(messages, row["prefix"])[1][:-1] if row.get("prefix") else []
    pairs = [chat.row(messages, row[column]) for column in objective.columns]
    weights = objective.weights([completion for _, completion in pairs])
    return tuple(
        Side([*prompt, *prefix, *completion], len(prompt) + len(prefix), weight)
        for (prompt, completion), weight in zip(pairs, weights, strict=True)
    )


def _why_not(row: dict[str, Any], sides: tuple[Side, ...], chat: Chat, longest: int) -> str | None:
    ends = chat.stop_ids
    if any(len(side.ids) > longest for side in sides):
        return "too long"
    if any(len(side.ids) - side.start < 2 for side in sides):
        return "empty completion"
    if any(token in ends for side in sides for token in side.ids[side.start : -1]):
        return "end token inside the completion"
    if not any(weight for side in sides for weight in side.weights):
        return "no token bears a loss"
    return None


def trainable(rows: Sequence[dict[str, Any]], chat: Chat, longest: int, where: str) -> set[str]:
    """The problems of a training set that have a row which can be trained on, whatever its objective."""
    from orion.training.objectives.sft import Sft

    found: set[str] = set()
    for row in rows:
        if row["id"] in found:
            continue
        texts = [text for name in ("completion", "rejected") if (text := row.get(name)) is not None]
        whole = [row | {"completion": text} for text in texts]
        if all(_why_not(r, _sides(r, messages_of(r, where), chat, Sft()), chat, longest) is None for r in whole):
            found.add(row["id"])
    return found


def matched(rows: Sequence[dict[str, Any]], others: Sequence[Path], chat: Chat, longest: int) -> list[dict[str, Any]]:
    """The rows of those problems that every other training set can train on, too: a problem whose only row is too long
    for one arm is too long for all.

    Raises:
        UserError: no problem is left.
    """
    kept = list(rows)
    for path in others:
        ids = trainable(read_rows(path, ("completion",)), chat, longest, str(path))
        kept = [row for row in kept if row["id"] in ids]
        if not kept:
            raise UserError(
                f"{path}: no problem is left that all matched training sets can train on; see their stats.json files "
                "for where rows were lost, or match fewer methods"
            )
    return kept


def make_examples(
    rows: Sequence[dict[str, Any]], chat: Chat, objective: Objective, longest: int, where: str
) -> tuple[list[Example], dict[str, Any]]:
    """The examples in the order of the rows, and the statistics of what was dropped.

    Raises:
        UserError: a row is malformed, or no row is left.
    """
    examples, dropped, worst = [], Counter[str](), 0
    for row in rows:
        for column in objective.columns:
            if not isinstance(row[column], str):
                raise UserError(f"{where}, row {row['id']}: '{column}' is no text")
        sides = _sides(row, messages_of(row, where), chat, objective)
        worst = max([worst, *(len(side.ids) for side in sides)])
        if reason := _why_not(row, sides, chat, longest):
            dropped[reason] += 1
        else:
            examples.append(Example(row["id"], sides))
    if not examples:
        lost = ", ".join(f"{count} {reason}" for reason, count in sorted(dropped.items()))
        raise UserError(
            f"{where}: not one of {len(rows)} rows can be trained on ({lost}); the longest has {worst} tokens, "
            f"max_length is {longest}: raise training.max_length or shorten the completions"
        )
    stats = {
        "in": len(rows),
        "out": len(examples),
        "dropped": dict(sorted(dropped.items())),
        "longest_tokens": worst,
        "max_length": longest,
        "tokens": sum(example.tokens for example in examples),
        "completion_tokens": sum(len(side.weights) for example in examples for side in example.sides),
        "trained_tokens": sum(example.trained for example in examples),
    }
    return examples, stats
