"""The fast ways (packed attention, fused LoRA, chunked losses) compute what the plain ways compute."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from orion.training import attention, lora, losses


@settings(max_examples=30, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    heads=st.sampled_from([(2, 2), (4, 2), (6, 2)]),
    long=st.sampled_from([0, 4, 1024]),
    seed=st.integers(0, 99),
)
def test_packed_attention_is_each_rows_own(lengths: list[int], heads: tuple[int, int], long: int, seed: int) -> None:
    """Whichever way a row's length takes, outputs and gradients are those of the row alone."""
    torch.manual_seed(seed)
    total, dim = sum(lengths), 8
    q, k, v = (torch.randn(1, h, total, dim, dtype=torch.float64, requires_grad=True) for h in (*heads, heads[1]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attention, "LONG", long)
        ours, _ = attention.packed(nn.Identity(), q, k, v, None, lengths=lengths, scaling=0.3)
    plain = torch.cat(
        [
            nn.functional.scaled_dot_product_attention(*part, is_causal=True, scale=0.3, enable_gqa=True).transpose(
                1, 2
            )
            for part in zip(*(torch.split(t, lengths, dim=2) for t in (q, k, v)), strict=True)
        ],
        dim=1,
    )
    torch.testing.assert_close(ours, plain)
    upstream = torch.randn_like(plain)
    for one, other in zip(
        torch.autograd.grad(ours, (q, k, v), upstream), torch.autograd.grad(plain, (q, k, v), upstream), strict=True
    ):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_fused_lora_is_pefts(bias: bool, dropout: float) -> None:
    import peft

    torch.manual_seed(0)
    base = nn.Sequential(nn.Linear(12, 8, bias=bias), nn.Tanh(), nn.Linear(8, 5, bias=bias)).requires_grad_(False)
    model = peft.get_peft_model(
        base, peft.LoraConfig(r=3, lora_alpha=7, lora_dropout=dropout, target_modules=["0", "2"])
    )
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(parameter)
    x = torch.randn(2, 6, 12)
    trained = [p for p in model.parameters() if p.requires_grad]
    for module in model.modules():  # the same dropout in both: torch's
        if isinstance(module, nn.Dropout):
            module.forward = lambda t: nn.functional.dropout(t, dropout)  # type: ignore[method-assign]

    def run() -> list[torch.Tensor]:
        torch.manual_seed(1)
        y = model(x)
        return [y, *torch.autograd.grad((y * torch.arange(5.0)).sum(), trained)]

    theirs = run()
    assert lora.speed_up(model) == 2
    for module in model.modules():
        if isinstance(module, lora.Dropout):
            module.forward = lambda t: nn.functional.dropout(t, dropout)  # type: ignore[method-assign]
    for ours, peft_s in zip(run(), theirs, strict=True):
        torch.testing.assert_close(ours, peft_s)


def test_dropout_drops_its_share_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    x = torch.ones(400, 501)
    y = lora.Dropout(0.05)(x)
    assert (y == 0).float().mean() == pytest.approx(0.05, abs=0.005)
    assert y.mean() == pytest.approx(1, abs=0.005)
    assert torch.equal(lora.Dropout(0.05).eval()(x), x)


@pytest.mark.parametrize("trainable", [False, True])
@settings(max_examples=15, deadline=None)
@given(n=st.integers(1, 7), chunk=st.integers(1, 8), seed=st.integers(0, 99))
def test_token_losses_are_those_of_the_full_logits(trainable: bool, n: int, chunk: int, seed: int) -> None:
    """Losses, entropies and gradients, for any weighting of the tokens behind, and whatever the chunk."""
    torch.manual_seed(seed)
    head = nn.Linear(6, 11, bias=False).requires_grad_(trainable)
    hidden = torch.randn(n, 6, requires_grad=True)
    targets = torch.randint(0, 11, (n,))
    weight = torch.randn(n)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(losses, "CHUNK", chunk)
        ours = losses.token_losses(hidden, head, targets)
    logits = (hidden.double() @ head.weight.double().t()).float()
    nll = nn.functional.cross_entropy(logits, targets, reduction="none")
    torch.testing.assert_close(ours.nll, nll)
    torch.testing.assert_close(ours.entropy, torch.distributions.Categorical(logits=logits).entropy().detach())
    assert torch.equal(ours.correct, (logits.argmax(-1) == targets).float())
    wanted = [hidden, head.weight] if trainable else [hidden]
    for one, other in zip(
        torch.autograd.grad((ours.nll * weight).sum(), wanted, allow_unused=True, materialize_grads=True),
        torch.autograd.grad((nll * weight).sum(), wanted, materialize_grads=True),
        strict=True,
    ):
        torch.testing.assert_close(one, other)
