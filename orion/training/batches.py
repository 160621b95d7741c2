"""Which rows make an optimiser step, and how a step is cut into batches that fit the memory.

The first is part of the result: batch_size x accumulation rows, shuffled by seed and epoch, over all devices together,
so that more GPUs make a run faster and not different. The second is not: rows lie end to end without padding, as many
as fit a token budget.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence

from orion.config.training import Training
from orion.training.rows import Example


def count_steps(rows: int, training: Training) -> int:
    per_epoch = math.ceil(rows / training.rows_per_step)
    return training.max_steps or max(1, math.ceil(per_epoch * training.epochs))


def steps(rows: int, training: Training, seed: int) -> Iterator[tuple[float, list[int]]]:
    """(epoch at the step's end, row numbers) of every optimiser step. The last step of an epoch may be smaller."""
    total, done, epoch = count_steps(rows, training), 0, 0
    while True:
        order = list(range(rows))
        random.Random(f"{seed} {epoch}").shuffle(order)
        for start in range(0, rows, training.rows_per_step):
            chosen = order[start : start + training.rows_per_step]
            yield epoch + (start + len(chosen)) / rows, chosen
            done += 1
            if done == total:
                return
        epoch += 1


def cut(examples: Sequence[Example], budget: int, parts: int = 1) -> list[list[Example]]:
    """Batches of at most `budget` tokens (a longer example stands alone), longest first; at least `parts` of them where
    there are as many examples."""
    bins: list[list[Example]] = []
    sizes: list[int] = []
    limit = min(budget, max(1, math.ceil(sum(example.tokens for example in examples) / parts)))
    for example in sorted(examples, key=lambda e: (-e.tokens, e.id)):
        fit = next((n for n, size in enumerate(sizes) if size + example.tokens <= limit), None)
        if fit is None:
            bins.append([example])
            sizes.append(example.tokens)
        else:
            bins[fit].append(example)
            sizes[fit] += example.tokens
    return bins


def shares(bins: list[list[Example]], rank: int, size: int) -> list[tuple[list[Example], float]]:
    """The batches of one of `size` processes, each with the factor that it counts with. All processes get equally many,
    as they must meet after each; where there is none left for one, it reads a batch that counts 0."""
    rounds = math.ceil(len(bins) / size)
    numbers = range(rank, rounds * size, size)
    return [(bins[n], 1.0) if n < len(bins) else (bins[0], 0.0) for n in numbers]


def learning_rate(step: int, total: int, training: Training) -> float:
    """Of optimiser step `step`, counted from 0: up in a line, then by the schedule."""
    warmup = math.ceil(training.warmup * total)
    if step < warmup:
        return training.learning_rate * (step + 1) / warmup
    if training.schedule == "constant":
        return training.learning_rate
    left = (total - step) / max(1, total - warmup)
    return training.learning_rate * (left if training.schedule == "linear" else (1 - math.cos(math.pi * left)) / 2)
