"""Checks before step one, on the real rows: what would otherwise train a worse model without a word.

The rows' own checks (lengths, empty completions, stray end tokens) are in `rows`, which drops and counts. Here is what
must hold for every row, and that the fast way through the model gives the model's own loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from orion.chat import Chat
from orion.errors import UserError
from orion.memory import GIB, free_bytes
from orion.training.rows import Example, messages_of

if TYPE_CHECKING:
    import torch

    from orion.config.training import Training
    from orion.students import Manifest

SAMPLE = 64  # rows whose rendering is checked


def check_rendering(
    rows: Sequence[dict[str, Any]], examples: Sequence[Example], chat: Chat, columns: Sequence[str], where: str
) -> dict[str, Any]:
    """Prompt tokens are those that are sampled from, and masked; the end token is trained; `<think>` survives.

    Returns what is worth knowing and no error, for the stats file.

    Raises:
        UserError: names the row and the remedy.
    """
    by_id: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_id.setdefault(row["id"], []).append(row)
    drifted, example_of_drift = 0, None
    chosen = examples[:: max(1, len(examples) // SAMPLE)][:SAMPLE]
    for example in chosen:
        candidates = by_id[example.id]
        prompts = [chat.prompt(messages_of(row, where)) for row in candidates]
        for side in example.sides:
            if not any(side.ids[: min(len(p), side.start)] == p for p in prompts):
                raise UserError(
                    f"{where}, row {example.id}: the prompt's tokens are no prefix of the training row's "
                    "(template drift); the student would be trained on another prompt than it is asked. "
                    "Check chat_template and thinking"
                )
            if side.ids[-1] != chat.end_id:
                raise UserError(
                    f"{where}, row {example.id}: the row does not end in the template's end token {chat.end_id}"
                )
            if len(side.weights) != len(side.ids) - side.start:
                raise UserError(f"{where}, row {example.id}: the mask covers the prompt or misses the completion")
        trained = "".join(chat.tokenizer.decode(side.ids[side.start :]) for side in example.sides)
        if all("<think>" in row[columns[0]] for row in candidates) and "<think>" not in trained:
            raise UserError(f"{where}, row {example.id}: the tokenizer strips <think> from '{columns[0]}'")
        drift = chat.drift(messages_of(candidates[0], where), candidates[0][columns[0]])
        if drift is not None:
            drifted += 1
            example_of_drift = example_of_drift or drift
    if drifted:
        print(
            f"note: for {drifted} of {len(chosen)} rows the chat template would write the finished conversation "
            f"otherwise than prompt + completion, which is what is trained and sampled: {example_of_drift!r:.300}",
            flush=True,
        )
    return {"checked_rows": len(chosen), "template_drift": drifted}


def check_loss(reader: Any, examples: Sequence[Example], device: Any, tolerance: float) -> None:
    """The packed, chunked way through the model gives the loss of the model's own forward pass, on two short rows.

    Raises:
        UserError: it does not: the model's architecture holds something that this package does not know.
    """
    import torch

    from orion.training.loop import collate

    shortest = sorted(examples, key=lambda e: e.tokens)[:2]
    batch = collate(shortest, device)
    was_training = reader.training
    reader.eval()
    try:
        with torch.no_grad():
            ours = reader(batch.ids, batch.lengths, batch.read, batch.targets).nll.mean().item()
            theirs = 0.0
            implementation = reader.causal.config._attn_implementation
            reader.causal.set_attn_implementation("sdpa")
            rows = torch.split(batch.ids, list(batch.lengths))
            logits = torch.cat([reader.model(input_ids=row[None], use_cache=False).logits[0] for row in rows])
            reader.causal.set_attn_implementation(implementation)
            theirs = torch.nn.functional.cross_entropy(logits[batch.read].float(), batch.targets).item()
    finally:
        reader.train(was_training)
    # Rounding differs token by token and averages out over many: short labels of a few tokens need more room.
    allowed = tolerance * (1 + 10 / len(batch.targets) ** 0.5)
    if not abs(ours - theirs) <= allowed * max(1.0, abs(theirs)):
        raise UserError(
            f"preflight: the model's own loss on two rows is {theirs:.5f}, the packed one {ours:.5f}; its architecture "
            f"({type(reader.causal).__name__}) has something that orion.training does not know (a capped output layer?)"
        )


def least_bytes(network: Any, training: Training, itemsize: int) -> int:
    """Memory that a training run holds from its first step to its last, whatever the rows: the weights (of `itemsize`
    bytes, about 0.6 in four bits) and, for each that is trained, float32 value, gradient and two moments."""
    from torch import nn

    weights = sum(int(parameter.numel()) for parameter in network.parameters())
    if training.mode == "full":
        return weights * 16
    adapted = (
        training.lora.r * (layer.in_features + layer.out_features)
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Linear) and name.rpartition(".")[2] in training.lora.targets
    )
    return int(weights * (0.6 if training.mode == "qlora" else itemsize)) + 16 * sum(adapted)


def check_memory(
    manifest: Manifest, training: Training, device: torch.device, dtype: torch.dtype, trust_remote_code: bool
) -> None:
    """Before anything is loaded: does what surely stays in memory fit? Activations come on top.

    Raises:
        UserError: it does not; names the remedy.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    where: dict[str, Any] = manifest.arguments() | {"trust_remote_code": trust_remote_code}
    config = AutoConfig.from_pretrained(**where)
    with torch.device("meta"):
        network: Any = AutoModelForCausalLM.from_config(config, trust_remote_code=trust_remote_code)  # type: ignore[no-untyped-call]
    need = least_bytes(network, training, dtype.itemsize)
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else free_bytes()
    if free is None or need <= free:
        return
    smaller = {
        "full": "train an adapter (training.mode: lora)",
        "lora": "keep the base model in four bits (training.mode: qlora)",
        "qlora": "take a smaller student",
    }
    place = "GPU" if device.type == "cuda" else "machine (or this job's limit)"
    raise UserError(
        f"too little memory: training {manifest.source} needs at least {need / GIB:.1f} GiB, this {place} has "
        f"{free / GIB:.1f} GiB free; {smaller[training.mode]}, spread it over several GPUs "
        "(config/accelerate/fsdp.yaml), or ask for more memory (mem_mb in a profile)"
    )
