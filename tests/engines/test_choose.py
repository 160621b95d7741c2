"""The next token: exactly the one that sorting everything would give, for any temperature, top-k, top-p and penalty."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from orion.engines.choose import Rule, choose


def rule_of(rows: int, temperature: float = 1.0, top_p: float = 1.0, top_k: int = 0, penalty: float = 1.0) -> Rule:
    return Rule(
        torch.full((rows,), temperature),
        torch.full((rows,), top_p),
        torch.full((rows,), top_k),
        torch.full((rows,), penalty),
    )


def by_sorting(logits: Tensor, temperature: float, top_p: float, top_k: int, uniform: float) -> int:
    """The plain way, for one row."""
    mass, tokens = (logits.double() / temperature).softmax(0).sort(descending=True)
    if top_k:
        mass = mass[:top_k] / mass[:top_k].sum()
    nucleus = int((mass.cumsum(0) < top_p).sum()) + 1 if top_p < 1 else len(mass)
    mass = mass[:nucleus]
    pick = int((mass.cumsum(0) / mass.sum() <= uniform).sum())
    return int(tokens[min(pick, len(mass) - 1)])


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**20),
    size=st.sampled_from([7, 300, 5000, 20000]),
    spread=st.sampled_from([0.1, 1.0, 4.0]),  # 0.1: so flat that the first candidates never hold the nucleus
    temperature=st.sampled_from([0.2, 0.6, 1.0, 2.0]),
    top_p=st.sampled_from([0.1, 0.5, 0.9, 0.99, 1.0]),
    top_k=st.sampled_from([0, 1, 5, 200, 4000]),
)
def test_every_row_draws_what_sorting_its_whole_distribution_would_draw(
    seed: int, size: int, spread: float, temperature: float, top_p: float, top_k: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(5, size, generator=generator) * spread
    uniform = torch.rand(5, dtype=torch.float64, generator=generator)
    chosen = choose(logits.clone(), rule_of(5, temperature, top_p, top_k), uniform, None)
    expected = [by_sorting(row, temperature, top_p, top_k, float(u)) for row, u in zip(logits, uniform, strict=True)]
    # A uniform number on the border between two tokens may fall to either; five rows do not all lie on one.
    assert sum(a == b for a, b in zip(chosen.tolist(), expected, strict=True)) >= 4


def test_the_draws_follow_the_distribution() -> None:
    logits = torch.log(torch.tensor([0.5, 0.3, 0.15, 0.05]))
    uniform = torch.linspace(0, 1, 1001, dtype=torch.float64)[:-1]
    chosen = choose(logits.repeat(1000, 1), rule_of(1000, top_p=0.9), uniform, None)
    share = torch.bincount(chosen, minlength=4) / 1000
    assert torch.allclose(share, torch.tensor([0.5, 0.3, 0.15, 0.0]) / 0.95, atol=2e-3)


def test_temperature_zero_takes_the_likeliest_whatever_the_rest_says() -> None:
    logits = torch.randn(6, 500)
    rule = rule_of(6, temperature=0.0, top_p=0.5, top_k=3)
    rule.temperature[::2] = 1.0  # greedy and sampled rows mix
    assert choose(logits.clone(), rule, torch.rand(6).double(), None)[1::2].tolist() == logits.argmax(1)[1::2].tolist()


@pytest.mark.parametrize("penalty", [1.05, 2.0, 0.5])
def test_the_penalty_is_that_of_transformers(penalty: float) -> None:
    from transformers import RepetitionPenaltyLogitsProcessor

    from orion.engines.choose import penalise

    logits, history = torch.randn(4, 50), torch.randint(0, 50, (4, 20))
    ours = logits.clone()
    penalise(ours, history, torch.full((4,), penalty))
    assert torch.equal(ours, RepetitionPenaltyLogitsProcessor(penalty)(history, logits))
