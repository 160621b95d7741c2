"""Cards: the README of an exported model or data set. All that stands in them was read from the artifacts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from orion.errors import UserError
from orion.files import read_metadata, read_table
from orion.students import Manifest

UNSTATED = "not stated at export; that of the base model and of the data it was trained on applies"


def _front(metadata: dict[str, Any], licence: str | None) -> str:
    metadata = {"license": licence} | metadata if licence else metadata
    return f"---\n{yaml.safe_dump(metadata, sort_keys=True, allow_unicode=True)}---\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"


def _settings(settings: dict[str, Any]) -> str:
    return _table(["setting", "value"], [[key, f"`{json.dumps(value)}`"] for key, value in sorted(settings.items())])


def score_rows(path: Path) -> list[list[Any]]:
    """Benchmark, decoding, Acc@1 with its 95% interval over problems, n, draws and the truncation rate."""
    import numpy as np
    import polars as pl

    from orion.statistics.intervals import score

    table = read_table(path)
    rows: list[list[Any]] = []
    for (benchmark, decoding), part in table.group_by("benchmark", "decoding", maintain_order=True):
        values = (part["c"] / part["n"]).to_numpy()[None, :].astype(np.float64)
        result = score([values], observations=int(part["n"].sum()))
        truncated = part.select(100 * pl.col("truncated").sum() / pl.col("n").sum()).item()
        interval = f"{100 * result.value:.1f} [{100 * result.low:.1f}, {100 * result.high:.1f}]"
        rows.append([str(benchmark), str(decoding), interval, len(part), part["n"].max(), f"{truncated:.1f}%"])
    return rows


def model_card(made: dict[str, Any], manifest: Manifest, scores: Path | None, merged: bool, licence: str | None) -> str:
    """Of an adapter or a whole model. `made` is its training.json."""
    base = manifest.source if manifest.hub else None
    tags = ["orion", "reasoning-distillation", made["objective"], *([] if merged else ["lora"])]
    front: dict[str, Any] = {"tags": tags, "pipeline_tag": "text-generation"}
    front |= {"base_model": base} if base else {}
    front["library_name"] = "transformers" if merged else "peft"
    rows = made["rows"]
    lost = ", ".join(f"{count} {reason}" for reason, count in rows["dropped"].items()) or "none"
    text = f"""
# {"Model" if merged else "Adapter"} trained with Orion

Base model: `{Path(manifest.source).name if not manifest.hub else manifest.source}`, revision `{manifest.revision}`
({manifest.architecture}). Objective: `{made["objective"]}`, seed {made["seed"]}.
Chat template: sha256 `{manifest.template_sha256}`; prompts must be rendered with it.
Licence: {licence or UNSTATED}.

## Data
{rows["out"]} of {rows["in"]} rows ({rows["trained_tokens"]} trained tokens of {rows["tokens"]}); dropped: {lost}.

## Training
{_settings(made["training"] | {"dtype": made["dtype"], "device": made["device"]} | made["versions"])}"""
    if scores is not None:
        head = ["benchmark", "decoding", "Acc@1 [95%]", "problems", "draws", "truncated"]
        text += "\n## Scores\nPercent, intervals over problems.\n\n" + _table(head, score_rows(scores))
    return _front(front, licence) + text


def data_card(path: Path, rows: int, columns: Sequence[str], licence: str | None) -> str:
    """Of a training set, with the statistics that its stage wrote beside it."""
    front = {
        "tags": ["orion", "reasoning-distillation", "trl"],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": "data/train-*"}]}],
        "size_categories": [_size(rows)],
    }
    text = f"""
# Training set made with Orion

{rows} rows: {", ".join(f"`{name}`" for name in columns)}. Prompts and completions are lists of messages, as TRL reads
them; the prompt bears no loss.
Licence: {licence or "not stated at export; those of the problems and of the teacher's outputs apply"}.
"""
    if metadata := read_metadata(path):
        text += "\n## What made it\n" + _settings(metadata)
    stats = path.with_name(f"{path.stem}.stats.json")
    if stats.is_file():
        try:
            text += "\n## Rows kept and dropped\n" + _settings(json.loads(stats.read_text(encoding="utf-8")))
        except ValueError:
            raise UserError(f"{stats}: not valid JSON; build the training set anew") from None
    return _front(front, licence) + text


def _size(rows: int) -> str:
    for limit, name in ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M")):
        if rows < limit:
            return name
    return "1M<n<10M"
