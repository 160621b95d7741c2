"""What is minimised: one file an objective. To add one, copy `sft.py` and name it below and in `orion.config.training`.

An objective says which columns hold completions, what weight each of their tokens bears, and how the token losses of
a batch become one number. Everything else (masking, batching, resuming, logging) is the same for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from orion.config.training import TrainingSpec

if TYPE_CHECKING:
    from torch import Tensor

    from orion.training.rows import Example


class Tokens(NamedTuple):
    """The tokens of a batch that are read, in order: all entries [n], but `reference` [sequences]."""

    nll: Tensor
    weight: Tensor
    sequence: Tensor  # which sequence a token belongs to; an example's sides follow each other
    reference: Tensor  # log-probability of each sequence's weighted tokens under the policy training began with


class Objective(Protocol):
    columns: tuple[str, ...]  # of the training set: the completion to learn, then what it is set against
    needs_reference: bool

    def weights(self, completions: Sequence[Sequence[int]]) -> list[list[float]]:
        """A weight for each token of each side's completion (its end token included)."""
        ...

    def share(self, examples: Sequence[Example]) -> float:
        """What the sum of losses of an optimiser step over `examples` is divided by."""
        ...

    def loss(self, tokens: Tokens) -> Tensor:
        """The summed loss of a batch."""
        ...


def make_objective(spec: TrainingSpec) -> Objective:
    training = spec.training
    if spec.objective == "dpo":
        from orion.training.objectives.dpo import Dpo

        return Dpo(training.beta or 0.1)
    if spec.objective == "krsl":
        from orion.training.objectives.krsl import Krsl

        right, wrong = training.krsl_right, training.krsl_wrong
        return Krsl(1.0 if right is None else right, 0.025 if wrong is None else wrong)
    from orion.training.objectives.sft import Sft

    return Sft()
