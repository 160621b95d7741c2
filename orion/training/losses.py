"""From hidden states to one loss a token: the output layer, only where a loss is borne, in chunks.

A vocabulary of 49k on a small model makes the logits the largest tensor and a fifth of the arithmetic. The full
logits never exist here: each chunk gives its losses, entropies (METHODS 7) and the gradient of the losses by the hidden
states at once, since a token's loss depends on its own hidden state alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

CHUNK = 128  # tokens whose logits exist at a time


class TokenLosses(NamedTuple):
    """One entry a token that is read, float32. `nll` is differentiable; entropy in nats, over the full vocabulary."""

    nll: Tensor
    entropy: Tensor
    correct: Tensor


def _read(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(probabilities [n, vocabulary], nll [n], entropy [n], correct [n]) of float32 logits."""
    log_p = logits.log_softmax(-1)
    nll = -log_p.gather(1, targets[:, None])[:, 0]
    with torch.no_grad():
        p = log_p.exp()
        entropy = -torch.linalg.vecdot(p, log_p)
        correct = (nll <= -log_p.amax(-1)).float()
    return p, nll, entropy, correct


def _chunks(*tensors: Tensor) -> Iterator[tuple[Tensor, ...]]:
    return zip(*(torch.split(tensor, CHUNK) for tensor in tensors), strict=True)


class _FrozenHead(torch.autograd.Function):
    """hidden [n, width] x weight [vocabulary, width] -> nll, entropy, correct; the weight gets no gradient."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        parts, slopes = [], []
        for h, t in _chunks(hidden, targets):
            p, *part = _read((h @ weight.t()).float(), t)
            parts.append(part)
            if ctx.needs_input_grad[0]:
                slopes.append((p.to(weight.dtype) @ weight).sub_(weight[t]))
        nll, entropy, correct = (torch.cat(column) for column in zip(*parts, strict=True))
        ctx.save_for_backward(torch.cat(slopes) if slopes else hidden.new_empty(0))
        ctx.mark_non_differentiable(entropy, correct)
        return nll, entropy, correct

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        (slopes,) = ctx.saved_tensors
        return (slopes * grads[0][:, None]).to(slopes.dtype), None, None


def token_losses(hidden: Tensor, head: nn.Module, targets: Tensor) -> TokenLosses:
    """Losses of `targets` [n] under `head` (vocabulary x width) at the hidden states [n, width] that predict them."""
    plain = type(head) is nn.Linear and head.bias is None and not head.weight.requires_grad
    if plain and hidden.dtype == head.weight.dtype:
        return TokenLosses(*_FrozenHead.apply(hidden, head.weight, targets))  # type: ignore[no-untyped-call]

    def chunk(h: Tensor, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return _read(head(h).float(), t)[1:]

    parts = [
        checkpoint(chunk, h, t, use_reentrant=False) if torch.is_grad_enabled() else chunk(h, t)
        for h, t in _chunks(hidden, targets)
    ]
    nll, entropy, correct = (torch.cat(column) for column in zip(*parts, strict=True))
    return TokenLosses(nll, entropy.detach(), correct)
