"""The training loop: optimiser steps over examples, with a log row each, checkpoints, and errors that name a remedy."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor

from orion.config.training import Training
from orion.errors import UserError
from orion.training.batches import count_steps, cut, learning_rate, shares, steps
from orion.training.checkpoints import Checkpoints
from orion.training.held_out import HeldOut, divided
from orion.training.model import Reader
from orion.training.objectives import Objective, Tokens
from orion.training.rows import Example
from orion.training.team import Team
from orion.types import digest

Row = dict[str, float]


class Batch(NamedTuple):
    """Sequences end to end. `read` are the positions whose next token is read: every completion token of the first
    side (for the log) and, of the other sides, those that bear a loss."""

    ids: Tensor  # [tokens]
    lengths: tuple[int, ...]
    read: Tensor  # [n]
    targets: Tensor  # [n]
    weight: Tensor  # [n]
    sequence: Tensor  # [n]
    logged: Tensor  # [n] bool: completion tokens of first sides


class _Column(NamedTuple):
    read: int
    target: int
    weight: float
    sequence: int
    logged: bool


def collate(examples: Sequence[Example], device: torch.device) -> Batch:
    ids: list[int] = []
    columns: list[_Column] = []
    lengths: list[int] = []
    for example in examples:
        for number, side in enumerate(example.sides):
            for target, weight in zip(range(side.start, len(side.ids)), side.weights, strict=True):
                if weight != 0 or number == 0:
                    columns.append(_Column(len(ids) + target - 1, side.ids[target], weight, len(lengths), number == 0))
            ids.extend(side.ids[:-1])  # the last token predicts nothing that is trained
            lengths.append(len(side.ids) - 1)
    tensors = (torch.tensor(values, device=device) for values in zip(*columns, strict=True))
    return Batch(torch.tensor(ids, device=device), tuple(lengths), *tensors)


@contextmanager
def memory_errors(training: Training) -> Iterator[None]:
    """Turns torch's errors about memory, of GPUs and CPUs alike, into one that names the remedy."""
    try:
        yield
    except RuntimeError as error:  # torch.OutOfMemoryError is one, and the CPU's allocator raises a plain one
        text = str(error)
        if isinstance(error, torch.OutOfMemoryError) or "allocate memory" in text or "out of memory" in text.lower():
            remedies = "lower --batch-tokens, then training.max_length"
            if not training.gradient_checkpointing:
                remedies = f"set training.gradient_checkpointing: true, {remedies}"
            if training.mode == "full":
                remedies += ", or train an adapter (training.mode: lora)"
            raise UserError(f"out of memory while training; {remedies}. Finished steps are kept") from None
        raise


@contextmanager
def _until_told() -> Iterator[Callable[[], bool]]:
    """A stop (SIGTERM of a scheduler, ctrl-C) waits for the end of the step, so that the step is kept."""
    told: list[int] = []
    before = {number: signal.signal(number, lambda n, _: told.append(n)) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield lambda: bool(told)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _memory_mb(device: torch.device) -> float:
    """Peak memory: the GPU's where there is one, else of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Loop:
    """One training run. `reader` is in training mode, on the team's device, and holds what is trainable."""

    def __init__(
        self, reader: Reader, objective: Objective, examples: Sequence[Example], training: Training, seed: int, *,
        team: Team, batch_tokens: int, checkpoints: Checkpoints, track: Callable[[Row], None] | None = None,
    ) -> None:  # fmt: skip
        self.objective, self.training, self.seed = objective, training, seed
        self.examples, held = divided(examples, training.held_out)
        self.held_out = HeldOut(held) if training.held_out else None
        self.team, self.device, self.batch_tokens = team, team.device, batch_tokens
        self.checkpoints, self.track = checkpoints, track or (lambda _: None)
        optimiser = torch.optim.AdamW(
            [p for p in reader.parameters() if p.requires_grad],
            lr=training.learning_rate, weight_decay=training.weight_decay, fused=self.device.type in ("cpu", "cuda"),
        )  # fmt: skip
        self.model, self.optimiser = team.prepare(reader, optimiser, training.max_grad_norm)
        self.parameters = [p for p in self.model.parameters() if p.requires_grad]
        self.reference: dict[int, Tensor] = {}  # of an example, by identity: log-probabilities of its sides

    def _tokens(self, batch: Batch, nll: Tensor, examples: Sequence[Example]) -> Tokens:
        none = torch.zeros(len(batch.lengths), device=self.device)
        reference = torch.cat([self.reference[id(e)] for e in examples]) if self.reference else none
        return Tokens(nll, batch.weight, batch.sequence, reference)

    def _read_reference(self) -> None:
        """Log-probabilities under the policy that training begins with, once, before it changes."""
        self.model.eval()
        with torch.no_grad():
            known = [*self.examples, *(self.held_out.examples if self.held_out else [])]
            for examples in cut(known, self.batch_tokens):
                batch = collate(examples, self.device)
                losses = self.model(batch.ids, batch.lengths, batch.read, batch.targets)
                sums = torch.zeros(len(batch.lengths), device=self.device)
                sums.index_add_(0, batch.sequence, -losses.nll * batch.weight)
                sides = torch.split(sums, [len(example.sides) for example in examples])
                self.reference |= {id(example): side for example, side in zip(examples, sides, strict=True)}
        self.model.train()

    def _autocast(self) -> Any:
        """Full training keeps float32 weights and computes in less."""
        from orion.training.model import computing_dtype

        dtype = computing_dtype(self.training, self.device)
        return torch.autocast(self.device.type, dtype, enabled=self.training.mode == "full" and dtype != torch.float32)

    def _step(self, number: int, total: int, examples: Sequence[Example]) -> Row:
        began = time.monotonic()
        torch.manual_seed(int(digest([self.seed, number, self.team.rank])[:12], 16))
        rate = learning_rate(number, total, self.training)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        share = self.objective.share(examples)
        sums = [0.0] * 5
        parts = shares(cut(examples, self.batch_tokens, self.team.size), self.team.rank, self.team.size)
        for n, (part, counts) in enumerate(parts):
            batch = collate(part, self.device)
            with self.team.gathering(self.model, last=n == len(parts) - 1):
                with self._autocast():
                    losses = self.model(batch.ids, batch.lengths, batch.read, batch.targets)
                value = self.objective.loss(self._tokens(batch, losses.nll, part)) / share * counts
                self.team.backward(value)
            seen = (losses.entropy[batch.logged], losses.correct[batch.logged], batch.logged, batch.weight != 0)
            sums = [a + b for a, b in zip(sums, [value.item(), *(counts * float(x.sum()) for x in seen)], strict=True)]
        loss, entropy, correct, logged, trained = self.team.sums(sums)
        norm = self.team.clip(self.parameters, self.training.max_grad_norm)
        if not (abs(loss) < float("inf") and norm < float("inf")):
            raise UserError(
                f"step {number + 1}: the loss is {loss} and its gradient's norm {norm}, in the rows "
                f"{', '.join(sorted({e.id for e in examples}))[:200]}; lower training.learning_rate or max_grad_norm, "
                "or set training.dtype: float32"
            )
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        seconds = time.monotonic() - began
        return {
            "step": number + 1, "loss": loss, "entropy": entropy / logged, "token_accuracy": correct / logged,
            "grad_norm": norm, "lr": rate, "tokens_per_s": sum(e.tokens for e in examples) / seconds,
            "trained_tokens_per_s": trained / seconds, "memory_mb": _memory_mb(self.device),
        }  # fmt: skip

    def _keep(self, log: list[Row]) -> None:
        best = {"best": self.held_out.best} if self.held_out else {}
        self.team.keep(self.model, self.optimiser, self.checkpoints, {"log": log} | best)

    def _resume(self) -> list[Row]:
        state = self.team.resume(self.model, self.optimiser, self.checkpoints)
        if state is None:
            return []
        if self.held_out:
            self.held_out.best = state["best"]
        log: list[Row] = state["log"]
        self._say(f"going on after step {len(log)}")
        return log

    def _say(self, text: str) -> None:
        if self.team.leads:
            print(text, flush=True)

    def _held_out_loss(self, examples: Sequence[Example]) -> float:
        """The objective's loss on examples that are not trained on."""
        self.model.eval()
        total = 0.0
        with torch.no_grad():
            for part, counts in shares(
                cut(examples, self.batch_tokens, self.team.size), self.team.rank, self.team.size
            ):
                batch = collate(part, self.device)
                with self._autocast():
                    losses = self.model(batch.ids, batch.lengths, batch.read, batch.targets)
                total += counts * float(self.objective.loss(self._tokens(batch, losses.nll, part)))
        self.model.train()
        return self.team.sums([total])[0] / self.objective.share(examples)

    def _measure(self, held_out: HeldOut, row: Row) -> None:
        row["held_out_loss"] = self._held_out_loss(held_out.examples)
        if held_out.better(row["held_out_loss"]):
            held_out.keep(row, self.team.weights(self.model))
        self._say(f"held out  loss {row['held_out_loss']:.4f}")

    def kept_weights(self) -> dict[str, Tensor] | None:
        """The best epoch's where some problems were held out, else None: those that the model has now."""
        return self.held_out.best["weights"] if self.held_out else None

    def run(self) -> list[Row]:
        """Train; returns the log, one row an optimiser step.

        Raises:
            UserError: the loss is no number.
            KeyboardInterrupt: told to stop; the finished steps are kept in the checkpoint.
        """
        total = count_steps(len(self.examples), self.training)
        with _until_told() as told:
            if self.objective.needs_reference:
                self._read_reference()
            log = self._resume()
            for number, (epoch, chosen) in enumerate(steps(len(self.examples), self.training, self.seed)):
                if number < len(log):
                    continue
                row = {"epoch": epoch} | self._step(number, total, [self.examples[n] for n in chosen])
                if self.held_out and (float(epoch).is_integer() or number + 1 == total):
                    self._measure(self.held_out, row)
                log.append(row)
                self.track(row)
                self._say(
                    f"step {number + 1}/{total}  loss {row['loss']:.4f}  entropy {row['entropy']:.3f}  accuracy "
                    f"{row['token_accuracy']:.3f}  {row['trained_tokens_per_s']:.0f} trained tokens/s"
                )
                stop, due = self.team.agree((told(), self.checkpoints.due()))
                if stop or due:
                    self._keep(log)
                if stop:
                    raise KeyboardInterrupt
        return log
