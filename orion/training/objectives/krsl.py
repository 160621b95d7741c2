"""Key reasoning step learning (METHODS 2, EDIT): learn what makes a CoT right, unlearn what makes it wrong.

A dual is a right CoT and a wrong one of the same problem. Their token sequences are aligned by minimum edit distance;
tokens of the right one that are inserted or replaced get weight alpha, tokens of the wrong one that are deleted or
replaced get beta, all others 0. The loss follows the released code (the printed equations have a sign slip):
mean over duals of [ sum alpha CE / |right| - sum beta CE / |wrong| ], |.| = all response tokens. A wrong token that is
unlikely already (CE of 20 nats or more) is left alone. We align response tokens only, unpadded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from orion.training.objectives import Tokens
    from orion.training.rows import Example

UNLIKELY = 20.0  # nats


def key_tokens(right: Sequence[int], wrong: Sequence[int]) -> tuple[list[bool], list[bool]]:
    """Which tokens of each sequence a minimum edit script from `wrong` to `right` touches."""
    from rapidfuzz.distance import Levenshtein

    in_right, in_wrong = [False] * len(right), [False] * len(wrong)
    for edit in Levenshtein.editops(wrong, right):
        if edit.tag != "delete":
            in_right[edit.dest_pos] = True
        if edit.tag != "insert":
            in_wrong[edit.src_pos] = True
    return in_right, in_wrong


class Krsl:
    columns: tuple[str, ...] = ("completion", "rejected")
    needs_reference = False

    def __init__(self, right: float, wrong: float) -> None:
        self.right, self.wrong = right, wrong

    def weights(self, completions: Sequence[Sequence[int]]) -> list[list[float]]:
        right, wrong = completions
        in_right, in_wrong = key_tokens(right, wrong)
        return [
            [self.right / len(right) * key for key in in_right],
            [-self.wrong / len(wrong) * key for key in in_wrong],
        ]

    def share(self, examples: Sequence[Example]) -> float:
        return float(len(examples))

    def loss(self, tokens: Tokens) -> Tensor:
        kept = (tokens.weight >= 0) | (tokens.nll.detach() < UNLIKELY)
        return (tokens.nll * tokens.weight * kept).sum()
