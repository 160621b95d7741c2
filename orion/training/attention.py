"""Causal attention over several rows laid end to end, without padding: registered with transformers as
`orion_packed`, which passes the rows' `lengths` through to it.

On CUDA it is torch's variable-length flash attention. On a CPU short rows take plain matrix products, which train
two to three times faster there than the fused kernel; long rows take the fused kernel, whose memory is linear.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

NAME = "orion_packed"
LONG = 1024  # tokens: above, the square of the length no longer pays


def _short(q: Tensor, k: Tensor, v: Tensor, scale: float, mask: Tensor) -> Tensor:
    """q: [kv heads, group * length, dim], k and v: [kv heads, length, dim], mask: [group * length, length]."""
    scores = torch.baddbmm(mask.expand(q.shape[0], -1, -1), q, k.transpose(1, 2), alpha=scale)
    return scores.softmax(-1) @ v


def _per_row(q: Tensor, k: Tensor, v: Tensor, lengths: Sequence[int], scale: float) -> Tensor:
    """q: [heads, tokens, dim], k and v: [kv heads, tokens, dim] -> [tokens, heads, dim]."""
    heads, _, dim = q.shape
    group = heads // k.shape[0]
    longest = max((n for n in lengths if n <= LONG), default=0)
    causal = torch.full((longest, longest), float("-inf"), dtype=q.dtype, device=q.device).triu_(1)
    outs = []
    for rq, rk, rv in zip(*(torch.split(t, list(lengths), dim=1) for t in (q, k, v)), strict=True):
        n = rq.shape[1]
        if n <= LONG:
            mask = causal[:n, :n].repeat(group, 1)
            out = _short(rq.reshape(-1, group * n, dim), rk, rv, scale, mask).view(heads, n, dim)
        else:
            out = nn.functional.scaled_dot_product_attention(
                rq[None], rk[None], rv[None], is_causal=True, scale=scale, enable_gqa=group > 1
            )[0]
        outs.append(out.transpose(0, 1))
    return torch.cat(outs)


def _varlen(q: Tensor, k: Tensor, v: Tensor, lengths: Sequence[int], scale: float) -> Tensor:
    from torch.nn.attention.varlen import varlen_attn

    ends = torch.tensor([0, *lengths], device=q.device).cumsum(0, dtype=torch.int32)
    q, k, v = (t.transpose(0, 1).contiguous() for t in (q, k, v))
    out = varlen_attn(
        q,
        k,
        v,
        ends,
        ends,
        max(lengths),
        max(lengths),
        scale=scale,
        window_size=(-1, 0),
        enable_gqa=q.shape[1] != k.shape[1],
    )
    return out  # type: ignore[return-value]


def packed(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **kwargs: Any
) -> tuple[Tensor, None]:
    """transformers' attention interface. query: [1, heads, tokens, dim]; returns [1, tokens, heads, dim]."""
    lengths: Sequence[int] = kwargs["lengths"]
    scale = kwargs.get("scaling") or query.shape[-1] ** -0.5
    query, key = query.to(value.dtype), key.to(value.dtype)  # under autocast, rotation leaves them in float32
    half = query.dtype in (torch.bfloat16, torch.float16)
    how = _varlen if query.is_cuda and half else _per_row
    return how(query[0], key[0], value[0], lengths, scale)[None], None


def register() -> None:
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, packed)


def why_not(config: Any, longest: int) -> str | None:
    """What in a model's config this attention does not do; None where it serves."""
    if (
        getattr(config, "sliding_window", None)
        and getattr(config, "use_sliding_window", True)
        and config.sliding_window < longest
    ):
        return f"a sliding window of {config.sliding_window} tokens"
    for key in ("attn_logit_softcapping", "attention_chunk_size"):
        if getattr(config, key, None):
            return key
    if any("attention" not in kind for kind in getattr(config, "layer_types", None) or []):
        return "layers that are no attention"
    return None
