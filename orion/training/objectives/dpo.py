"""Direct preference optimisation (METHODS 3, SuperCorrect's cross-model DPO; Rafailov et al. 2023, equation 7):
-log sigmoid(beta * [(log p - log p_ref)(chosen) - (log p - log p_ref)(rejected)]), the mean over the pairs of a step.

The log-probabilities sum over the completions only. SuperCorrect's are cause and correction of one step: the problem
and the student's steps up to the wrong one are the prompt, which bears no loss. The reference
is the policy that training begins with (the stage before), read once before step one, so no second model is kept.
The paper does not state beta; 0.1 is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from orion.training.objectives import Tokens
    from orion.training.rows import Example


class Dpo:
    columns: tuple[str, ...] = ("completion", "rejected")
    needs_reference = True

    def __init__(self, beta: float) -> None:
        self.beta = beta

    def weights(self, completions: Sequence[Sequence[int]]) -> list[list[float]]:
        return [[1.0] * len(completion) for completion in completions]

    def share(self, examples: Sequence[Example]) -> float:
        return float(len(examples))

    def loss(self, tokens: Tokens) -> Tensor:
        from torch.nn.functional import logsigmoid

        gain = (-tokens.reference).index_add(0, tokens.sequence, -tokens.nll * tokens.weight)
        return -logsigmoid(self.beta * (gain[0::2] - gain[1::2])).sum()
