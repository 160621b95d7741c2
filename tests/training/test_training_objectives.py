"""Each objective is the paper's formula: against slow references in float64, no gradient where none belongs."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from orion.training.loop import Loop, collate
from orion.training.objectives import Tokens, make_objective
from orion.training.objectives.krsl import key_tokens
from orion.training.team import Team
from tests.training.tiny import ROWS, Tiny

DUALS = [row | {"rejected": f"{row['completion'][:-2]}7. So it is."} for row in ROWS]


def edit_distance(a: list[int], b: list[int]) -> int:
    """The textbook's table."""
    table = [list(range(len(b) + 1))]
    for n, x in enumerate(a, 1):
        table.append([n])
        for m, y in enumerate(b, 1):
            table[n].append(min(table[n - 1][m] + 1, table[n][m - 1] + 1, table[n - 1][m - 1] + (x != y)))
    return table[-1][-1]


@settings(max_examples=300, deadline=None)
@given(right=st.lists(st.integers(0, 4), max_size=12), wrong=st.lists(st.integers(0, 4), max_size=12))
def test_key_tokens_are_those_of_a_minimum_edit_script(right: list[int], wrong: list[int]) -> None:
    """What is unmarked is common to both, in order; and no alignment marks less than the edit distance allows."""
    in_right, in_wrong = key_tokens(right, wrong)
    kept_right = [t for t, key in zip(right, in_right, strict=True) if not key]
    kept_wrong = [t for t, key in zip(wrong, in_wrong, strict=True) if not key]
    assert kept_right == kept_wrong
    # Between two kept tokens, a right run of r and a wrong run of w key tokens cost max(r, w) edits.
    cost, run_right, run_wrong, at = 0, 0, 0, 0
    for key in [*in_right, False]:
        if key:
            run_right += 1
            continue
        while at < len(wrong) and in_wrong[at]:
            run_wrong, at = run_wrong + 1, at + 1
        cost, run_right, run_wrong, at = cost + max(run_right, run_wrong), 0, 0, at + 1
    assert cost == edit_distance(wrong, right)


def reference_log_probs(model: Any, ids: list[int]) -> torch.Tensor:
    """Of every token but the first, by the model itself, in float64."""
    logits = model(input_ids=torch.tensor([ids])).logits[0, :-1].double()
    return logits.log_softmax(-1).gather(1, torch.tensor(ids[1:])[:, None])[:, 0]


def plain_model(tiny: Tiny) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(tiny.student.model, dtype=torch.float64)


def ours(tiny: Tiny, objective_name: str, reader: Any = None, **training: Any) -> tuple[float, Loop]:
    spec = tiny.spec(objective_name, **training)
    objective, examples = make_objective(spec), tiny.examples(spec, DUALS)
    reader = reader or tiny.reader(spec).double()
    loop = Loop(
        reader, objective, examples, spec.training, 0,
        team=Team(), batch_tokens=300, checkpoints=None,  # type: ignore[arg-type]
    )  # fmt: skip
    if objective.needs_reference:
        loop._read_reference()
    batch = collate(examples, loop.device)
    losses = reader(batch.ids, batch.lengths, batch.read, batch.targets)
    loss = objective.loss(loop._tokens(batch, losses.nll, examples)) / objective.share(examples)
    return loss.item(), loop


def test_sft_is_the_mean_over_completion_tokens(tiny: Tiny) -> None:
    model, total, count = plain_model(tiny), 0.0, 0
    for example in tiny.examples(tiny.spec(), ROWS):
        (side,) = example.sides
        log_p = reference_log_probs(model, side.ids)[side.start - 1 :]
        total, count = total - log_p.sum().item(), count + len(log_p)
    assert ours(tiny, "sft")[0] == pytest.approx(total / count, rel=1e-5)


@pytest.mark.parametrize("unlikely", [20.0, 5.6])
def test_krsl_is_the_released_formula(tiny: Tiny, unlikely: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where some wrong tokens are unlikely enough to be left alone."""
    monkeypatch.setattr("orion.training.objectives.krsl.UNLIKELY", unlikely)
    model, total, spared = plain_model(tiny), 0.0, 0
    examples = tiny.examples(tiny.spec("krsl"), DUALS)
    for example in examples:
        completions = [side.ids[side.start :] for side in example.sides]
        keys = key_tokens(*completions)
        for side, completion, key, scale in zip(example.sides, completions, keys, (1.0, -0.025), strict=True):
            nll = -reference_log_probs(model, side.ids)[side.start - 1 :]
            for value, marked in zip(nll.tolist(), key, strict=True):
                if scale < 0 and value >= unlikely:
                    spared += marked
                elif marked:
                    total += scale * value / len(completion)
    assert (spared > 0) == (unlikely < 20)
    assert ours(tiny, "krsl")[0] == pytest.approx(total / len(examples), rel=1e-5)


def test_dpo_begins_at_log_two_and_is_the_papers_formula(tiny: Tiny) -> None:
    loss, loop = ours(tiny, "dpo", beta=0.3)
    assert loss == pytest.approx(torch.tensor(2.0).log().item(), abs=1e-6)
    loop.model.eval()  # no dropout
    reference = {id(e): [float(x) for x in loop.reference[id(e)]] for e in loop.examples}
    with torch.no_grad():
        for name, parameter in loop.model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.1)
    batch = collate(loop.examples, loop.device)
    nll = loop.model(batch.ids, batch.lengths, batch.read, batch.targets).nll
    moved = loop.objective.loss(loop._tokens(batch, nll, loop.examples)).item() / len(loop.examples)
    total = 0.0
    for example in loop.examples:
        gains = []
        for side, before in zip(example.sides, reference[id(example)], strict=True):
            now = reference_log_probs(_as_plain(loop.model), side.ids)
            gains.append(now[side.start - 1 :].sum().item() - before)
        total -= torch.nn.functional.logsigmoid(torch.tensor(0.3 * (gains[0] - gains[1]), dtype=torch.float64)).item()
    assert moved == pytest.approx(total / len(loop.examples), rel=1e-4)
    assert abs(moved - loss) > 1e-3


def _as_plain(reader: Any) -> Any:
    """The same weights through transformers' own attention and output layer."""

    def call(input_ids: torch.Tensor) -> Any:
        reader.causal.set_attn_implementation("sdpa")
        out = reader.model(input_ids=input_ids, use_cache=False)
        reader.causal.set_attn_implementation("orion_packed")
        return out

    return call


@pytest.mark.parametrize("name", ["sft", "krsl", "dpo"])
def test_tokens_without_weight_have_no_gradient(tiny: Tiny, name: str) -> None:
    """Perturbing the loss of any masked token changes nothing: prompt tokens are not even read."""
    spec = tiny.spec(name)
    objective, examples = make_objective(spec), tiny.examples(spec, DUALS)
    batch = collate(examples, torch.device("cpu"))
    starts, position = [], 0
    for example in examples:
        for side in example.sides:
            starts.append(range(position + side.start - 1, position + len(side.ids) - 1))
            position += len(side.ids) - 1
    completion_positions = {p for span in starts for p in span}
    assert set(batch.read.tolist()) <= completion_positions
    nll = torch.rand(len(batch.read), requires_grad=True)
    tokens = Tokens(nll, batch.weight, batch.sequence, torch.zeros(len(batch.lengths)))
    (grad,) = torch.autograd.grad(objective.loss(tokens), nll)
    assert torch.equal(grad != 0, batch.weight != 0)
    if name == "krsl":
        assert 0 < (batch.weight == 0).sum() < len(batch.weight)
