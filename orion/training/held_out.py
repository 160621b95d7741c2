"""Problems of the training set that are held out, to choose an epoch by (METHODS of EDIT: never by the test task)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from orion.errors import UserError
from orion.training.rows import Example
from orion.types import digest

if TYPE_CHECKING:
    from torch import Tensor


def divided(examples: Sequence[Example], share: float | None) -> tuple[list[Example], list[Example]]:
    """(trained, held out): whole problems, by a hash of their ids, so that no problem is on both sides and the choice
    is the same for every seed.

    Raises:
        UserError: there are too few problems for both sides.
    """
    if share is None:
        return list(examples), []
    ids = sorted({example.id for example in examples}, key=lambda id: digest(["held out", id]))
    if len(ids) < 2:
        raise UserError("training.held_out: the training set has one problem; two are needed, or leave held_out out")
    held = set(ids[: min(max(1, round(share * len(ids))), len(ids) - 1)])
    return [e for e in examples if e.id not in held], [e for e in examples if e.id in held]


class HeldOut:
    """What is measured on, and the best so far: `loss`, `epoch`, `step`, `weights` (on the CPU)."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self.examples = list(examples)
        self.best: dict[str, Any] = {}

    def better(self, loss: float) -> bool:
        """The earlier epoch stays where two are as good."""
        return not self.best or loss < self.best["loss"]

    def keep(self, row: Mapping[str, float], weights: Mapping[str, Tensor]) -> None:
        copies = {name: weight.detach().to("cpu", copy=True) for name, weight in weights.items()}
        about = {"loss": row["held_out_loss"], "epoch": row["epoch"], "step": row["step"]}
        self.best = about | {"weights": copies}

    def facts(self) -> dict[str, Any]:
        """For the metadata."""
        problems = {"rows": len(self.examples), "problems": len({example.id for example in self.examples})}
        return problems | {name: value for name, value in self.best.items() if name != "weights"}
