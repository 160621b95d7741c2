"""Training sets: one file a paper, one function a kind of data; `DATA` lists what a recipe's `data` may name."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from orion.config.methods import Stage


class Data(NamedTuple):
    """`module.function` builds the training set. `needs` names the artifacts that it takes as keyword arguments, each
    an input of the rule `build_training_set`, and `prompts` the texts of the config that it fills in. The module is
    named, not imported, so that a rule depends on the code of its own method alone."""

    module: str
    function: str
    needs: tuple[str, ...]
    prompts: tuple[str, ...] = ("question",)


CHOOSER = "orion.methods.choice"  # named for the same reason: stages that choose nothing do not depend on it

DATA = {
    "labels": Data("orion.methods.orion", "labels", ("problems",)),
    "cots": Data("orion.methods.orion", "cots", ("problems", "cots")),
    "edited": Data("orion.methods.minimal_cot", "edited", ("problems", "edited")),
    "refined": Data("orion.methods.orion", "refined", ("problems", "refined")),
    "cots-after-error": Data(
        "orion.methods.orion", "cots_after_error", ("problems", "cots", "errors"), ("question_after_error",)
    ),
    "rectified": Data("orion.methods.edit", "rectified", ("problems", "cots", "duals")),
    "duals": Data("orion.methods.edit", "duals", ("problems", "duals")),
    "refined-over-errors": Data("orion.methods.edit", "refined_over_errors", ("problems", "refined", "errors")),
    "templates": Data("orion.methods.supercorrect", "templates", ("problems", "templates"), ("template_question",)),
    "corrections": Data("orion.methods.supercorrect", "corrections", ("problems", "corrections"), ("correct_step",)),
}


def needed_by(stage: Stage) -> tuple[str, ...]:
    """The artifacts that a stage's training set is made of: what its data needs, what its rows are chosen by, and the
    training sets of the methods that it is matched with."""
    chosen_by = stage.choose.needs if stage.choose else ()
    return (*DATA[stage.data].needs, *chosen_by, *(("matched",) if stage.match else ()))
