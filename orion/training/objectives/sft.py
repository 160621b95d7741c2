"""Supervised fine-tuning (METHODS 1): minimise -sum log P(completion token | what precedes it), the prompt left out.

The loss of an optimiser step is the mean over all completion tokens of the step, however it was cut into batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from orion.training.objectives import Tokens
    from orion.training.rows import Example


class Sft:
    columns: tuple[str, ...] = ("completion",)
    needs_reference = False

    def weights(self, completions: Sequence[Sequence[int]]) -> list[list[float]]:
        return [[1.0] * len(completion) for completion in completions]

    def share(self, examples: Sequence[Example]) -> float:
        return float(sum(example.trained for example in examples))

    def loss(self, tokens: Tokens) -> Tensor:
        return (tokens.nll * tokens.weight).sum()
