"""Wrong-of-Thought, the zero-shot baseline of ORION's table: solve, verify, and solve otherwise what was rejected.

In rounds over all questions: an attempt; three checks of it (put the answer back, go through the steps, solve again and
compare), passed by two of three; if rejected, a second attempt that sees the first and is told not to repeat it; its
checks; if rejected again, a third that sees both, which stands. At most 3 attempts and 6 checks. The label is never
used. One draw is one whole pipeline: its row bears the tokens of all calls, also of those that other methods share.

The published implementation runs programs and equations; this is its text-only form. Ours, where it is silent: an
attempt that was cut off is rejected unchecked; a check that ends without a verdict does not pass; an attempt for which
the prompt no longer fits the context leaves the one before it standing.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from orion.prompts import fill
from orion.solvers import Solved
from orion.types import Message, Problem, Request, Response

if TYPE_CHECKING:
    from orion.policy import Policy
    from orion.sample import SampleSpec

CHECKS = ("wot_substitute", "wot_steps", "wot_again")
TO_PASS = 2
ATTEMPTS = 3
_VERDICT = re.compile(r"verdict\W*(correct|wrong|incorrect)\b", re.IGNORECASE)


def passes(check: Response) -> bool:
    """Whether the last verdict that a check states is `correct`."""
    stated = _VERDICT.findall(check.text)
    return bool(stated) and stated[-1].lower() == "correct"


@dataclass
class Pipeline:
    """One draw on its way: the attempts, and every call's response."""

    problem: Problem
    draw: int
    attempts: list[tuple[Request, Response]] = field(default_factory=list)
    calls: list[Response] = field(default_factory=list)
    done: bool = False

    def attempted(self, request: Request, response: Response) -> None:
        self.calls.append(response)
        if response.error and self.attempts:
            self.done = True
        else:
            self.attempts.append((request, response))

    @property
    def attempt(self) -> Response:
        return self.attempts[-1][1]

    def solved(self) -> Solved:
        request, response = self.attempts[-1]
        whole = replace(
            response,
            prompt_tokens=sum(call.prompt_tokens for call in self.calls),
            completion_tokens=sum(call.completion_tokens for call in self.calls),
            cost=sum(call.cost for call in self.calls),
            gpu_seconds=sum(call.gpu_seconds for call in self.calls),
        )
        return Solved(request, whole, len(self.calls))


def solve(
    questions: Sequence[tuple[Problem, int]], policy: Policy, spec: SampleSpec, arguments: argparse.Namespace
) -> list[Solved]:
    prompts = spec.prompts or {}
    pipelines = [Pipeline(problem, draw) for problem, draw in questions]

    def request(pipeline: Pipeline, messages: tuple[Message, ...]) -> Request:
        return policy.request(messages, spec.decoding, pipeline.draw, pipeline.problem.id)

    def attempt(pipeline: Pipeline) -> Request:
        if not pipeline.attempts:
            return request(pipeline, fill(spec.question, problem=pipeline.problem.problem))
        rejected = "\n\n".join(
            f"Attempt {n}: {response.text.strip()}" for n, (_, response) in enumerate(pipeline.attempts, 1)
        )
        return request(pipeline, fill(prompts["wot_retry"], problem=pipeline.problem.problem, attempts=rejected))

    for number in range(ATTEMPTS):
        running = [pipeline for pipeline in pipelines if not pipeline.done]
        asked = [attempt(pipeline) for pipeline in running]
        for pipeline, made, response in zip(running, asked, policy.complete(asked), strict=True):
            pipeline.attempted(made, response)
        if number == ATTEMPTS - 1:
            break
        checked = [p for p in running if not p.done and p.attempt.finish_reason == "stop"]
        checks = [
            request(p, fill(prompts[name], problem=p.problem.problem, attempt=p.attempt.text.strip()))
            for p in checked
            for name in CHECKS
        ]
        said = policy.complete(checks)
        for n, pipeline in enumerate(checked):
            of_attempt = said[n * len(CHECKS) : (n + 1) * len(CHECKS)]
            pipeline.calls += of_attempt
            pipeline.done = sum(map(passes, of_attempt)) >= TO_PASS
    return [pipeline.solved() for pipeline in pipelines]
