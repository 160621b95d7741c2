"""Thought-level DPO (SuperCorrect): only cause and correction bear a loss; problem and steps are given."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from orion.config.prompts import Prompts
from orion.steps import Correction, step_question
from orion.training.loop import Loop, collate
from orion.training.losses import token_losses
from orion.training.objectives import make_objective
from orion.training.rows import make_examples
from orion.training.team import Team
from tests.training.tiny import Tiny

ASK = Prompts.model_fields["correct_step"].default
PAIR = {"chosen": Correction("It is 10.", "6 + 4 = 10"), "rejected": Correction("Less.", "6 + 4 = 9")}


@pytest.fixture
def made(tiny: Tiny) -> tuple[Loop, Any, Any]:
    """A loop over one row, as the method builds it, in float64; its batch, and the last hidden states of all tokens."""
    spec = tiny.spec("dpo", lora={"dropout": 0.0})
    messages = step_question(ASK, "2 * 3 + 4?", ["2 * 3 = 6", "6 + 4 = 11"])
    prompt = json.dumps([message._asdict() for message in messages])
    row = {"id": "p", "prompt": prompt, "completion": str(PAIR["chosen"]), "rejected": str(PAIR["rejected"])}
    objective = make_objective(spec)
    examples, _ = make_examples([row], tiny.chat, objective, 2048, "set")
    reader = tiny.reader(spec).double()
    loop = Loop(
        reader, objective, examples, spec.training, 0,
        team=Team(), batch_tokens=4096, checkpoints=None,  # type: ignore[arg-type]
    )  # fmt: skip
    loop._read_reference()
    with torch.no_grad():
        for name, parameter in reader.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.05)
    batch = collate(examples, loop.device)
    hidden = reader.hidden(batch.ids, batch.lengths).detach().requires_grad_()
    return loop, batch, hidden


def loss_of(loop: Loop, batch: Any, hidden: torch.Tensor) -> torch.Tensor:
    losses = token_losses(hidden[batch.read], loop.model.causal.get_output_embeddings(), batch.targets)
    return loop.objective.loss(loop._tokens(batch, losses.nll, loop.examples))


def test_masked_tokens_have_no_gradient_and_no_part_in_the_loss(made: Any, tiny: Tiny) -> None:
    loop, batch, hidden = made
    loss = loss_of(loop, batch, hidden)
    loss.backward()
    reached = hidden.grad.abs().sum(-1) > 0
    # What bears a gradient is, token for token, the two corrections.
    targets = dict(zip(batch.read.tolist(), batch.targets.tolist(), strict=True))
    borne = tiny.chat.decode([targets[place] for place in reached.nonzero()[:, 0].tolist()])
    assert borne == f"{PAIR['chosen']}{PAIR['rejected']}"
    starts = [example.sides[n].start for example in loop.examples for n in (0, 1)]
    assert not reached[: starts[0] - 1].any()
    assert not reached[batch.lengths[0] : batch.lengths[0] + starts[1] - 1].any()
    # Perturb the predictions of all masked tokens, far beyond any training: nothing changes.
    with torch.no_grad():
        noise = torch.randn_like(hidden) * 100
        assert torch.equal(loss_of(loop, batch, hidden + noise * ~reached[:, None]), loss)
        assert not torch.isclose(loss_of(loop, batch, hidden + 1e-2 * noise * reached[:, None]), loss)


def test_the_given_steps_are_what_cause_and_correction_are_conditioned_on(made: Any, tiny: Tiny) -> None:
    """Masked is not absent: another wrong step in the prompt gives the same correction another probability."""
    loop, batch, _ = made
    ids = batch.ids.clone()
    digit = tiny.chat.tokenizer("6", add_special_tokens=False).input_ids[0]
    place = int((ids[: loop.examples[0].sides[0].start] == digit).nonzero()[-1])
    ids[place] = tiny.chat.tokenizer("7", add_special_tokens=False).input_ids[0]
    with torch.no_grad():
        before = loop.model(batch.ids, batch.lengths, batch.read, batch.targets).nll
        after = loop.model(ids, batch.lengths, batch.read, batch.targets).nll
    assert not torch.allclose(before, after)
