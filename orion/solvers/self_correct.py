"""Self-correction: a second pass over an answer, without an oracle (SuperCorrect, arXiv 2410.09008, section 5).

In rounds over all questions: an attempt; the policy looks for the first wrong step in it; where it names one, it says
why that step is wrong and corrects it, from the prompt that the second stage trains on; then it writes the solution out
from the corrected step on, and this one stands. The label is never used. The attempt is the request that the method
without this solver sends, so both share it. One draw is one whole pipeline: its row bears the tokens of all calls.

Ours, where the paper is silent: the attempt stands where it was cut off, has no whole steps, or where the policy names
no step that is there; a correction that is not in the form of one counts as the step as it was written, and the attempt
stands only if the policy wrote nothing, was cut off, or if the prompt does not fit the context.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from orion.prompts import fill
from orion.solvers import Solved
from orion.steps import correction_of, cut, located, shown, step_question
from orion.types import Message, Problem, Request, Response

if TYPE_CHECKING:
    from orion.policy import Policy
    from orion.sample import SampleSpec


@dataclass
class Pipeline:
    """One draw on its way. `why_not` says why the attempt stands."""

    problem: Problem
    draw: int
    requests: list[Request] = field(default_factory=list)
    calls: list[Response] = field(default_factory=list)
    steps: tuple[str, ...] = ()
    number: int | None = None
    why_not: str | None = None

    def heard(self, request: Request, response: Response) -> None:
        self.requests.append(request)
        self.calls.append(response)
        if response.error is not None or response.finish_reason != "stop" or not response.text.strip():
            self.why_not = "cut-off" if response.truncated else "no-response"

    @property
    def last(self) -> str:
        return self.calls[-1].text.strip()

    def solved(self) -> Solved:
        at = 0 if self.why_not else -1
        whole = replace(
            self.calls[at],
            prompt_tokens=sum(call.prompt_tokens for call in self.calls),
            completion_tokens=sum(call.completion_tokens for call in self.calls),
            cost=sum(call.cost for call in self.calls),
            gpu_seconds=sum(call.gpu_seconds for call in self.calls),
        )
        return Solved(self.requests[at], whole, len(self.calls), self.calls[0], self.why_not or "corrected")


def solve(
    questions: Sequence[tuple[Problem, int]], policy: Policy, spec: SampleSpec, arguments: argparse.Namespace
) -> list[Solved]:
    prompts = spec.prompts or {}
    pipelines = [Pipeline(problem, draw) for problem, draw in questions]

    def ask(text: Callable[[Pipeline], tuple[Message, ...]]) -> list[Pipeline]:
        """A round over all pipelines that go on; those of them that still do."""
        running = [pipeline for pipeline in pipelines if pipeline.why_not is None]
        requests = [policy.request(text(p), spec.decoding, p.draw, p.problem.id) for p in running]
        for pipeline, request, response in zip(running, requests, policy.complete(requests), strict=True):
            pipeline.heard(request, response)
        return [pipeline for pipeline in running if pipeline.why_not is None]

    def question(pipeline: Pipeline) -> tuple[Message, ...]:
        return fill(spec.question, problem=pipeline.problem.problem)

    for pipeline in ask(question):
        pieces = cut(pipeline.last)
        pipeline.steps, pipeline.why_not = pieces.steps, pieces.fault
    search = prompts["correct_locate"]
    for pipeline in ask(lambda p: fill(search, problem=p.problem.problem, reference="", steps=shown(p.steps))):
        pipeline.number = located(pipeline.last)
        if not pipeline.number:
            pipeline.why_not = "no-location" if pipeline.number is None else "no-wrong-step"
        elif pipeline.number > len(pipeline.steps):
            pipeline.why_not = "no-such-step"
    correct = prompts["correct_step"]
    for pipeline in ask(lambda p: step_question(correct, p.problem.problem, p.steps[: p.number])):
        form = correction_of(pipeline.last)
        before = pipeline.steps[: (pipeline.number or 1) - 1]
        pipeline.steps = (*before, form.step if form else pipeline.last)
    finish = prompts["correct_finish"]
    ask(lambda p: fill(finish, question=question(p)[0].content, steps=shown(p.steps)))
    return [pipeline.solved() for pipeline in pipelines]
