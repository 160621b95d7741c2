"""From the draws of a problem to its value: Acc@1, pass@k, maj@k, accuracy within a token budget (METHODS 6)."""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

from orion.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

SUBSETS = 256  # subsets of the draws that maj@k averages over where k < n; all of them where there are no more


def pass_at_k(n: ArrayLike, c: ArrayLike, k: int) -> NDArray[np.float64]:
    """Unbiased pass@k per problem, 1 - C(n-c, k) / C(n, k), from n draws of which c are right.

    pass@1 is c / n, and with k = n it is 'any of n'.

    Raises:
        UserError: k is less than 1 or more than the draws of some problem.
    """
    import numpy as np

    n, c = np.asarray(n), np.asarray(c)
    if k < 1 or (n.size and k > n.min()):
        raise UserError(f"pass@{k} needs 1 <= k <= draws, but a problem has {n.min() if n.size else 0} draws")
    if ((c < 0) | (c > n)).any():
        raise UserError("pass@k: a problem has fewer than 0 or more than all of its draws right")
    missed = np.ones(np.broadcast(n, c).shape)
    for j in range(k):
        missed *= np.clip(n - c - j, 0, None) / (n - j)
    return np.asarray(1.0 - missed)


def majority_at_k(classes: ArrayLike, correct: ArrayLike, k: int, seed: int = 0) -> NDArray[np.float64]:
    """maj@k per problem: the chance that the most frequent answer among k of the draws is right.

    Args:
        classes: (problems, draws) integers; draws with equivalent answers share one, a draw without an answer has -1
            and does not vote.
        correct: (problems, draws) booleans.
        k: how many of the draws vote. Where k < n the value is the mean over subsets of the draws: all of them, or
            `SUBSETS` random ones.

    Ties are split evenly: a right answer tied with one other counts one half. If nobody votes the value is 0.
    """
    import numpy as np

    classes, correct = np.asarray(classes), np.asarray(correct, dtype=bool)
    n = classes.shape[1]
    if not 1 <= k <= n:
        raise UserError(f"maj@{k} needs 1 <= k <= draws, but there are {n} draws")
    if comb(n, k) <= SUBSETS:
        picks = np.array(list(combinations(range(n), k)))
    else:
        rng = np.random.default_rng(seed)
        picks = np.argsort(rng.random((SUBSETS, n)), axis=1)[:, :k]
    value = np.zeros(len(classes))
    width = int(classes.max(initial=-1)) + 1
    right = np.zeros((len(classes), width), dtype=bool)  # is the class the right answer?
    rows, draws = np.nonzero(correct & (classes >= 0))
    right[rows, classes[rows, draws]] = True
    for pick in picks:
        votes = (classes[:, pick, None] == np.arange(width)).sum(axis=1)
        leading = (votes == votes.max(axis=1, initial=0, keepdims=True)) & (votes > 0)
        value += (leading & right).sum(axis=1) / np.maximum(leading.sum(axis=1), 1)
    return value / len(picks)


def within_budget(correct: ArrayLike, tokens: ArrayLike, budget: int) -> NDArray[np.float64]:
    """Acc@1 per problem where a draw counts only if it is right and took at most `budget` completion tokens.

    Both arguments are (..., problems, draws); the result is (..., problems).
    """
    import numpy as np

    return np.asarray((np.asarray(correct, dtype=bool) & (np.asarray(tokens) <= budget)).mean(axis=-1))
