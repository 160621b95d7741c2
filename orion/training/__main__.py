"""Train one stage of a method: a training set -> an adapter and `training_log.parquet`.

    python -m orion.training --spec SPEC --model results/models/NAME/manifest.json --training-set X.parquet \\
        --seed 0 --adapter OUT/adapter --log OUT/training_log.parquet --shelf shelf
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion.cli import read_spec, run
from orion.config.training import TrainingSpec
from orion.files import write_json, write_table
from orion.types import digest

if TYPE_CHECKING:
    from orion.students import Manifest
    from orion.training.rows import Example
    from orion.training.run import Trained

LOG_COLUMNS = (
    "step", "epoch", "loss", "entropy", "token_accuracy", "grad_norm", "lr",
    "tokens_per_s", "trained_tokens_per_s", "memory_mb",
)  # fmt: skip
MEASURED = ("held_out_loss",)  # at the ends of epochs, where the training asks for it


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="orion.training", description="Train one stage of a method.")
    parser.add_argument("--spec", required=True, help="orion.config.training.TrainingSpec as JSON, or @FILE")
    parser.add_argument("--model", required=True, type=Path, help="manifest.json of the student")
    parser.add_argument("--training-set", required=True, type=Path)
    parser.add_argument("--start-adapter", type=Path, help="adapter of the stage before, to go on from")
    parser.add_argument(
        "--matched", nargs="+", default=[], type=Path, help="training sets: only problems that all of them can train on"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="of the adapter's first weights, the order of rows and dropout"
    )
    parser.add_argument("--adapter", required=True, type=Path, help="output folder")
    parser.add_argument(
        "--training-log",  # torchrun takes `--log` for one of its own
        "--log",
        dest="log",
        required=True,
        type=Path,
        help="output: one row a step; its .stats.json counts dropped rows",
    )
    parser.add_argument(
        "--shelf", type=Path, help="folder of finished adapters by what made them; none is trained twice"
    )
    parser.add_argument(
        "--scratch", type=Path, default=Path(".orion/training"), help="where checkpoints lie until the end"
    )
    parser.add_argument("--threads", type=int, help="CPU threads; default: torch's choice")
    parser.add_argument(
        "--batch-tokens", type=int, help="tokens that go through the model at once; lower it to save memory"
    )
    parser.add_argument("--checkpoint-every", type=float, default=60.0, metavar="SECONDS")
    return parser.parse_args()


def _write_outputs(arguments: argparse.Namespace, trained: Trained, manifest: Manifest, made: dict[str, Any]) -> None:
    import polars as pl

    from orion.training.model import save

    adapter: Path = arguments.adapter
    adapter.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=adapter.parent, prefix=f".{adapter.name}.") as folder:
        part = Path(folder) / "adapter"
        part.mkdir()
        save(trained.reader, trained.weights, part, manifest)
        write_json(part / "training.json", made)
        shutil.rmtree(adapter, ignore_errors=True)
        part.replace(adapter)
    measured = [name for name in MEASURED if any(name in row for row in trained.log)]
    columns = {name: [row.get(name) for row in trained.log] for name in (*LOG_COLUMNS, *measured)}
    table = pl.DataFrame(columns).cast({"step": pl.Int64})
    write_table(arguments.log, table, made)


def _took(arguments: argparse.Namespace, spec: TrainingSpec, examples: Sequence[Example]) -> dict[str, Any]:
    """What the adapter took when it was trained, by its log: seconds of all steps, those before an interruption too, on
    so many GPUs."""
    from orion.files import read_table
    from orion.training.batches import steps

    rates = read_table(arguments.log)["tokens_per_s"].to_list()
    chosen = (sum(examples[n].tokens for n in rows) for _, rows in steps(len(examples), spec.training, arguments.seed))
    made = json.loads((arguments.adapter / "training.json").read_text(encoding="utf-8"))
    return {
        "seconds": round(sum(tokens / rate for tokens, rate in zip(chosen, rates, strict=True)), 3),
        "gpus": made.get("gpus", 0),
        "steps": len(rates),
    }


def _problems(examples: Sequence[Example]) -> dict[str, Any]:
    """How many problems are trained on, and a name for just these."""
    ids = sorted({example.id for example in examples})
    return {"count": len(ids), "digest": digest(ids)[:16]}


def main() -> int:
    arguments = _arguments()
    spec = TrainingSpec.parse(read_spec(arguments.spec))
    os.environ.setdefault("TQDM_DISABLE", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # spinning threads halve the speed of a shared machine

    from orion.chat import Chat
    from orion.students import adapter_digest, read_manifest
    from orion.training.checkpoints import Checkpoints, only_one
    from orion.training.held_out import divided
    from orion.training.objectives import make_objective
    from orion.training.preflight import check_rendering
    from orion.training.rows import make_examples, matched, read_rows
    from orion.training.shelf import Shelf, training_key

    manifest = read_manifest(arguments.model)
    chat = Chat.load(manifest, spec.student)
    objective = make_objective(spec)
    where = str(arguments.training_set)
    whole = read_rows(arguments.training_set, objective.columns)
    longest = min(spec.training.max_length or manifest.context_length, manifest.context_length)
    rows = matched(whole, arguments.matched, chat, longest)
    examples, stats = make_examples(rows, chat, objective, longest, where)
    if unmatched := len(whole) - len(rows):
        stats |= {"in": len(whole), "dropped": stats["dropped"] | {"not in every arm": unmatched}}
    learnt, held_out = divided(examples, spec.training.held_out)
    if held_out:
        trained_tokens = sum(example.trained for example in learnt)
        stats |= {"held_out": len(held_out), "trained_tokens": trained_tokens}
    stats |= check_rendering(rows, examples, chat, objective.columns, where)
    leads = os.environ.get("RANK", "0") == "0"  # of the processes that `accelerate launch` starts, one writes
    if leads:
        print(f"{stats['out']} of {stats['in']} rows, {stats['trained_tokens']} trained tokens", flush=True)

    start: Path | None = arguments.start_adapter
    key = training_key(spec, manifest, examples, start, arguments.seed)
    stats_path = arguments.log.with_name(f"{arguments.log.stem}.stats.json")
    scratch = arguments.scratch / key
    with only_one(scratch) if leads else nullcontext():
        shelf = Shelf(arguments.shelf, key) if arguments.shelf else None
        known = bool(leads and shelf and shelf.take(arguments.adapter, arguments.log))
        if known:
            write_json(stats_path, stats | {"from_shelf": True} | _took(arguments, spec, learnt))
            print(f"taken from the shelf ({key[:12]}), nothing to train")
        if known and "RANK" not in os.environ:
            return 0

        from orion.training.run import train
        from orion.training.team import Team

        team = Team()
        if team.agree(known):
            return 0

        checkpoints = Checkpoints(scratch, arguments.checkpoint_every)
        trained = train(spec, manifest, examples, objective, arguments, longest, checkpoints, team)
        if not team.leads:
            return 0
        made = {
            "key": key,
            "objective": spec.objective,
            "training": spec.training.model_dump(mode="json", exclude_none=True),
            "seed": arguments.seed,
            "student": {"identity": manifest.identity, "revision": manifest.revision},
            "template_sha256": manifest.template_sha256,
            "start": adapter_digest(start) if start else None,
            "problems": _problems(learnt),
            "rows": {name: stats[name] for name in ("in", "out", "dropped", "tokens", "trained_tokens")},
        } | trained.facts  # fmt: skip
        _write_outputs(arguments, trained, manifest, made)
        write_json(stats_path, stats | {"from_shelf": False} | _took(arguments, spec, learnt))
        if shelf:
            shelf.put(arguments.adapter, arguments.log)
        checkpoints.prune()
    return 0


if __name__ == "__main__":
    run(main)
