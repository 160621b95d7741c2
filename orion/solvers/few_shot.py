"""Few-shot prompting with the teacher's CoTs: the arm of Minimal CoT (arXiv 2507.09850) that trains nothing.

The examples are turns of the conversation: the question asked of a training problem, answered by the teacher's verified
CoT. The choice is seeded by the training seed and the same for all problems of a benchmark, so that it varies like the
choice of the 20 traces does. A prompt that does not fit the context is a sample without an answer; the tables' reasons
count it. The paper does not say how many examples; ours are 3.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from orion.prompts import fill
from orion.solvers import Solved
from orion.types import Message, Problem, digest

if TYPE_CHECKING:
    from orion.policy import Policy
    from orion.sample import SampleSpec

SHOTS = 3


def chosen_examples(
    train: Sequence[Problem], traces: dict[str, str], shots: int, seed: int, question: str
) -> tuple[Message, ...]:
    """The turns that precede the question, for so many problems that have a trace."""
    known = sorted((p for p in train if p.id in traces), key=lambda p: digest([seed, p.id]))
    turns = []
    for problem in known[:shots]:
        turns += [*fill(question, problem=problem.problem), Message("assistant", traces[problem.id])]
    return tuple(turns)


def solve(
    questions: Sequence[tuple[Problem, int]], policy: Policy, spec: SampleSpec, arguments: argparse.Namespace
) -> list[Solved]:
    from orion.errors import UserError
    from orion.files import read_table
    from orion.methods.traces import chosen_traces
    from orion.problems.table import read_problems

    if arguments.train is None or arguments.cots is None:
        raise UserError("solver few-shot takes its examples from --train and --cots; give both")
    traces = {id: trace.text for id, trace in chosen_traces(read_table(arguments.cots)).items()}
    shots = spec.shots or SHOTS
    examples = chosen_examples(read_problems(arguments.train), traces, shots, arguments.seed, spec.question)
    if len(examples) < 2 * shots:
        raise UserError(
            f"{arguments.cots}: {len(examples) // 2} problems have a verified CoT, few-shot prompting needs {shots}; "
            "lower the method's shots or let the teacher draw more"
        )
    requests = [
        policy.request(examples + fill(spec.question, problem=problem.problem), spec.decoding, draw, problem.id)
        for problem, draw in questions
    ]
    return [Solved(*pair) for pair in zip(requests, policy.complete(requests), strict=True)]
