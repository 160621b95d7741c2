"""LoRA layers with less arithmetic around them: same mathematics and same files as peft's, which makes and saves them.

peft casts each layer's input to float32, multiplies there and adds in a third pass; on a CPU that costs more than the
model itself. Here the low-rank product stays in the model's dtype and is accumulated into the layer's own output,
while the adapter's weights, their gradients and the optimiser stay float32.
"""

from __future__ import annotations

from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn


class _LowRank(torch.autograd.Function):
    """y = x W^T + b + s (d A^T) B^T, for a frozen W [out, in] and d = dropout(x). x, d: [tokens, in]."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, d: Tensor, weight: Tensor, bias: Tensor | None, a: Tensor, b: Tensor, s: float
    ) -> Tensor:
        a, b = a.to(x.dtype), (b * s).to(x.dtype)
        low = d @ a.t()
        y = torch.mm(x, weight.t()) if bias is None else torch.addmm(bias, x, weight.t())
        ctx.save_for_backward(d, weight, a, b, low)
        ctx.scale, ctx.shared = s, d is x
        return y.addmm_(low, b.t())

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (grad,) = grads
        d, weight, a, b, low = ctx.saved_tensors
        grad_low = grad @ b
        grad_a = (grad_low.t() @ d).float()
        grad_b = (grad.t() @ low).float().mul_(ctx.scale)
        grad_x = grad @ weight if ctx.needs_input_grad[0] else None
        grad_d = None
        if ctx.shared and grad_x is not None:
            grad_x.addmm_(grad_low, a)
        elif ctx.needs_input_grad[1]:
            grad_d = grad_low @ a
        return grad_x, grad_d, None, None, grad_a, grad_b, None


class Dropout(nn.Module):
    """nn.Dropout with random numbers that are cheap on a CPU, from torch's own generator (so seeds hold)."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        if x.device.type != "cpu":
            return nn.functional.dropout(x, self.p)
        # Four 16-bit draws from each 64-bit number: p is met to within 1 / 65536.
        count = x.numel()
        bits = torch.empty((count + 3) // 4, dtype=torch.int64).random_(-(2**63), None).view(torch.int16)[:count]
        keep = bits.ge_(round(self.p * 65536) - 32768).view(x.shape)
        return x * keep.to(x.dtype).mul_(1 / (1 - self.p))


def _forward(self: Any, x: Tensor, *_: Any, **__: Any) -> Tensor:
    name = self.active_adapters[0]
    base = self.base_layer
    flat = x.reshape(-1, x.shape[-1])
    dropped = self.lora_dropout[name](flat)
    y = _LowRank.apply(  # type: ignore[no-untyped-call]
        flat, dropped, base.weight, base.bias, self.lora_A[name].weight, self.lora_B[name].weight, self.scaling[name]
    )
    return y.view(*x.shape[:-1], -1)  # type: ignore[no-any-return]


def speed_up(model: nn.Module) -> int:
    """Give every plain LoRA layer on an unquantised `nn.Linear` the short way above; returns their number."""
    from peft.tuners.lora.layer import Linear

    changed = 0
    for layer in model.modules():
        if type(layer) is not Linear or type(layer.base_layer) is not nn.Linear:
            continue
        names = layer.active_adapters
        if len(names) != 1 or layer.lora_variant or layer.lora_bias[names[0]] or layer.base_layer.weight.requires_grad:
            continue
        p = getattr(layer.lora_dropout[names[0]], "p", 0.0)
        layer.lora_dropout[names[0]] = Dropout(p)
        layer.forward = MethodType(_forward, layer)  # type: ignore[method-assign]
        changed += 1
    return changed
