"""From logits to the next token of every row: repetition penalty, temperature, top-k and nucleus, by inverse CDF.

Each row brings its own uniform number, so what it draws does not depend on the rows beside it. A full sort of 49k
logits a row and step would cost more than a small model's forward pass; the likeliest tokens are searched in two levels
instead, more of them only for the rows whose nucleus needs more, so the result is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

_GROUP = 64  # neighbouring tokens that are searched as one
_FIRST = 64  # candidates of the first try; most nuclei are far smaller
_ROWS = 16  # drawn at a time, so that their logits stay in the processor's cache


@dataclass(slots=True)
class Rule:
    """How rows choose, one number a row: `temperature` 0 is greedy; `top_p` 1, `top_k` 0 and `penalty` 1 are off."""

    temperature: Tensor
    top_p: Tensor
    top_k: Tensor
    penalty: Tensor


def penalise(logits: Tensor, history: Tensor, penalty: Tensor) -> None:
    """In place: tokens in `history` (rows x seen ids, repeats allowed) lose by the factor `penalty` (rows)."""
    seen = logits.gather(1, history)
    factor = penalty[:, None]
    logits.scatter_(1, history, (seen / factor).where(seen > 0, seen * factor))


def group_maxima(values: Tensor) -> Tensor:
    """The greatest value of each group of neighbours: rows x vocabulary in, rows x groups out."""
    import torch

    short = -values.shape[1] % _GROUP
    if short:
        values = torch.nn.functional.pad(values, (0, short), value=float("-inf"))
    return values.view(len(values), -1, _GROUP).amax(dim=2)


def likeliest(values: Tensor, maxima: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The `count` greatest values of each row (all, if there are fewer), in descending order, and their token ids.

    A group of neighbours can hold one of them only if its maximum is among the `count` greatest of the maxima.
    """
    import torch

    if maxima.shape[1] < 2 * count:
        top, tokens = values.topk(min(count, values.shape[1]), dim=1)
        return top, tokens
    groups = maxima.topk(count, dim=1).indices
    tokens = (groups[:, :, None] * _GROUP + torch.arange(_GROUP, device=values.device)).flatten(1)
    beyond = tokens >= values.shape[1]
    candidates = values.gather(1, tokens.clamp(max=values.shape[1] - 1)).masked_fill_(beyond, -1.0)
    top, at = candidates.topk(count, dim=1)
    return top, tokens.gather(1, at)


def choose(logits: Tensor, rule: Rule, uniform: Tensor, history: Tensor | None) -> Tensor:
    """The next token id of each row.

    `logits`: rows x vocabulary, float32, changed in place. `uniform`: rows, in [0, 1). `history`: as for `penalise`,
    None where no row has a penalty.
    """
    import torch

    if history is not None:
        penalise(logits, history, rule.penalty)
    chosen = torch.empty(len(logits), dtype=torch.long, device=logits.device)
    greedy = rule.temperature == 0
    if bool(greedy.any()):
        chosen[greedy] = logits[greedy].argmax(dim=1)
    drawn = (~greedy).nonzero().flatten()
    for part in drawn.split(_ROWS) if len(drawn) else ():
        rows = logits[part] if len(part) < len(logits) else logits
        chosen[part] = _draw(rows, rule.temperature[part], rule.top_p[part], rule.top_k[part], uniform[part])
    return chosen


def _draw(logits: Tensor, temperature: Tensor, top_p: Tensor, top_k: Tensor, uniform: Tensor) -> Tensor:
    """Draw a token for each row by inverse CDF over its tokens in descending order of probability."""
    import torch

    maxima = group_maxima(logits)
    peak = maxima.amax(dim=1, keepdim=True)
    scale = temperature.reciprocal()[:, None]
    weights = logits.sub_(peak).mul_(scale).exp_()  # probabilities but for their sum, the greatest is 1
    maxima = maxima.sub_(peak).mul_(scale).exp_()
    total = weights.sum(dim=1).double()
    chosen = torch.zeros(len(weights), dtype=torch.long, device=weights.device)
    left = torch.arange(len(weights), device=weights.device)
    count = _FIRST
    while len(left):
        whole = count >= weights.shape[1]
        values, tokens = likeliest(weights[left], maxima[left], count)
        rank = torch.arange(values.shape[1], device=weights.device)
        k, p, u = top_k[left, None], top_p[left, None].double(), uniform[left, None].double()
        mass = values.double().where((k == 0) | (rank < k), 0.0)
        below = mass.cumsum(dim=1)  # of this token and all likelier ones
        # What the nucleus is a share of: top-k comes first, so it is the mass that top-k leaves.
        ended = (k > 0) & (k <= values.shape[1]) | whole
        base = below[:, -1:].where(ended, total[left, None])
        last = (below < p * base).sum(dim=1, keepdim=True)  # rank of the token that completes the nucleus
        reached = last < values.shape[1]
        kept = base.where(p >= 1, below.gather(1, last.clamp(max=values.shape[1] - 1)))
        pick = (below <= u * kept).sum(dim=1, keepdim=True)
        # Settled where what these candidates do not hold cannot matter: the rest of the nucleus or the distribution.
        settled = (ended | (k == 0) & ((p >= 1) | reached) & (pick < values.shape[1])).flatten()
        pick = pick.clamp(max=values.shape[1] - 1)
        chosen[left[settled]] = tokens.gather(1, pick).flatten()[settled]
        left = left[~settled]
        count = min(count * 8, weights.shape[1])
    return chosen
