"""Solvers: ways to answer a problem that take more than the question alone. To add one, copy `few_shot.py`, name it
in `SOLVERS` and in `orion.config.methods.SolverName`.

A solver's module has `solve(questions, policy, spec, arguments) -> list[Solved]`: for (problem, draw) pairs, in order,
each one answer of the policy. Its calls are ordinary requests, sent in rounds over all questions, so they are batched,
stored and resumed like any others.
"""

from __future__ import annotations

from typing import NamedTuple

from orion.types import Request, Response


class Solver(NamedTuple):
    """`prompts` names the texts of the config that it fills in, `needs` the artifacts that it takes examples from."""

    module: str
    prompts: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


class Solved(NamedTuple):
    """The call whose text is the answer. `response` bears the tokens and cost of all `calls`. A solver that goes over
    its answers keeps the `first` one, which is graded, too, and says what the `outcome` of the second pass was."""

    request: Request
    response: Response
    calls: int = 1
    first: Response | None = None
    outcome: str | None = None


SOLVERS = {
    "wot": Solver("orion.solvers.wot", ("wot_substitute", "wot_steps", "wot_again", "wot_retry")),
    "self-correct": Solver("orion.solvers.self_correct", ("correct_locate", "correct_step", "correct_finish")),
    "few-shot": Solver("orion.solvers.few_shot", needs=("train", "cots")),
}
