"""`python -m orion.analysis.likelihood`: a training set as an untrained model reads it, CoT by CoT.

From a training set to one row a CoT: how many `tokens` it has, its `nll` and the `entropy` of the model's predictions,
both summed over these tokens, in nats. What counts is what would be trained: the completion with its end token,
teacher-forced after the prompt, which is masked. So the means over tokens are the loss and the entropy that the
training log would show before the first step (METHODS 7).
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion import cli
from orion.config.base import Part
from orion.config.student import Student
from orion.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from orion.students import Manifest
    from orion.training.rows import Example


class LikelihoodSpec(Part):
    """The config keys on which it depends: who reads, and at most how many problems."""

    student: Student
    problems: int | None = None


def load_reader(manifest: Manifest, student: Student, longest: int, device: Any) -> Any:
    """The untrained model, frozen, as the training reads it: packed rows, and logits in chunks."""
    from transformers import AutoConfig, AutoModelForCausalLM
    from transformers.utils import logging

    from orion.config.training import Training
    from orion.training import attention
    from orion.training.model import Reader, computing_dtype

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    where = manifest.arguments() | {"trust_remote_code": student.trust_remote_code}
    reason = attention.why_not(AutoConfig.from_pretrained(**where).get_text_config(), longest)
    attention.register()
    # float32 only where a student's weights are: half precision as the training has it.
    half = computing_dtype(Training.model_validate({}), device)
    model: Any = AutoModelForCausalLM.from_pretrained(
        **where,
        dtype="float32" if student.dtype == "float32" else half,
        attn_implementation=attention.NAME if reason is None else "sdpa",
    )
    model.config.use_cache = False
    return Reader(model.requires_grad_(False).to(device).eval(), packs=reason is None).eval()


def read(reader: Any, examples: Sequence[Example], budget: int, device: Any) -> list[dict[str, Any]]:
    """One row an example, in their order: id, tokens, nll, entropy."""
    import torch

    from orion.training.batches import cut
    from orion.training.loop import collate

    found: dict[int, dict[str, Any]] = {}
    with torch.inference_mode():
        for part in cut(examples, budget):
            batch = collate(part, device)
            losses = reader(batch.ids, batch.lengths, batch.read, batch.targets)
            sums = torch.zeros(3, len(batch.lengths), dtype=torch.float64, device=device)
            for row, values in zip(sums, (torch.ones_like(losses.nll), losses.nll, losses.entropy), strict=True):
                row.index_add_(0, batch.sequence, values.double())
            for example, (tokens, nll, entropy) in zip(part, sums.t().tolist(), strict=True):
                found[id(example)] = {"id": example.id, "tokens": int(tokens), "nll": nll, "entropy": entropy}
    return [found[id(example)] for example in examples]


def chosen(ids: Sequence[str], limit: int | None) -> set[str]:
    """At most `limit` of the problems: a choice by the hash of their ids, the same for every training set."""
    from orion.types import digest

    return set(sorted(set(ids), key=digest)[:limit])


def build(arguments: argparse.Namespace, spec: LikelihoodSpec) -> tuple[pl.DataFrame, dict[str, Any]]:
    """The rows, and the statistics of what could not be read."""
    import polars as pl
    import torch

    from orion.chat import Chat
    from orion.students import read_manifest
    from orion.training.objectives.sft import Sft
    from orion.training.preflight import check_loss
    from orion.training.rows import make_examples, read_rows
    from orion.training.run import batch_tokens

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    manifest = read_manifest(arguments.model)
    objective = Sft()
    rows = read_rows(arguments.training_set, objective.columns)
    kept = chosen([row["id"] for row in rows], spec.problems)
    rows = [row for row in rows if row["id"] in kept]
    chat = Chat.load(manifest, spec.student)
    longest = manifest.context_length
    examples, stats = make_examples(rows, chat, objective, longest, str(arguments.training_set))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    reader = load_reader(manifest, spec.student, longest, device)
    check_loss(reader, examples, device, tolerance=2e-2)
    try:
        found = read(reader, examples, arguments.batch_tokens or batch_tokens(device), device)
    except torch.OutOfMemoryError:
        raise UserError("out of memory while reading; lower --batch-tokens") from None
    table = pl.DataFrame(found, schema={"id": pl.String, "tokens": pl.Int64, "nll": pl.Float64, "entropy": pl.Float64})
    return table, {name: stats[name] for name in ("in", "out", "dropped")} | {"problems": len(kept)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orion.analysis.likelihood", description=__doc__)
    parser.add_argument("--spec", required=True, help="JSON (or @FILE): student (who reads), problems")
    parser.add_argument("--model", required=True, type=Path, help="manifest.json of who reads")
    parser.add_argument("--training-set", required=True, type=Path, help="parquet: id, prompt, completion")
    parser.add_argument("--output", required=True, type=Path, help="parquet; beside it <stem>.stats.json")
    parser.add_argument("--threads", type=int, help="CPU threads; changes no result, only the speed")
    parser.add_argument("--batch-tokens", type=int, help="tokens that are read at once; lower it to save memory")
    arguments = parser.parse_args()
    spec = LikelihoodSpec.parse(cli.read_spec(arguments.spec))
    os.environ.setdefault("TQDM_DISABLE", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")

    from orion.files import write_json, write_table
    from orion.students import read_manifest

    table, stats = build(arguments, spec)
    read_by = {"model": spec.student.model, "identity": read_manifest(arguments.model).identity}
    write_table(arguments.output, table, {"analysis": "likelihood", "reader": read_by})
    write_json(arguments.output.with_suffix(".stats.json"), stats)
    print(f"{stats['out']} of {stats['in']} CoTs read, {table['tokens'].sum()} tokens")


if __name__ == "__main__":
    cli.run(main)
