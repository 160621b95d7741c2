"""`python -m orion.teacher.passes`: a teacher edits its CoTs in several passes (Minimal CoT, arXiv 2507.09850).

The paper lets a model that does not reason, or people, write CoTs and edits them in several passes so that they look
like a reasoning model's: verification, backtracking, alternatives; another arm gives them a fixed structure. From the
teacher's answer-verified CoTs to `results/teacher/{teacher}/edited/{passes}.parquet`.

In rounds over all CoTs, one round a pass: the teacher is shown the problem and what the pass before it left, and hands
in the whole solution anew. Ours, where the paper is silent: the texts of the passes (config, `prompts.pass_*`); after
every pass the answer is checked, and a CoT that lost its right answer or was cut off ends there and is no training
target (counted by pass and reason); what the teacher thinks about the edit is no part of it. Lists of passes that begin
alike share their first rounds in the store.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orion import cli
from orion.config.base import Part
from orion.config.editing import Editing, Pass
from orion.config.teacher import Teacher
from orion.prompts import fill
from orion.teacher.ask import Asking, unusable
from orion.types import Problem, Response, Verdict
from orion.verify.policy import Grading

if TYPE_CHECKING:
    from orion.methods.traces import Trace
SCHEMA: dict[str, type] = {
    "id": str, "response": str, "key": str, "cot_key": str, "keys": list, "answer": str, "verdict": str,
    "finish_reason": str, "prompt_tokens": int, "completion_tokens": int, "cost": float, "kept": bool, "why_not": str,
}  # fmt: skip


class PassesSpec(Part):
    """The config keys on which edited CoTs depend; `prompts` by the name of the pass."""

    teacher: Teacher
    passes: list[Pass]
    editing: Editing = Editing.model_validate({})
    prompts: dict[str, str]
    grading: Grading = Grading()


@dataclass
class Draft:
    """A CoT on its way through the passes. `why_not` is what ended it."""

    problem: Problem
    text: str
    cot_key: str
    keys: list[str] = field(default_factory=list)
    why_not: str | None = None
    verdict: Verdict | None = None
    finish_reason: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0

    def heard(self, name: str, key: str, response: Response | None, verdict: Verdict) -> None:
        """Take what a pass handed in."""
        if response is None:
            self.why_not = f"{name}: no response"
            return
        self.keys.append(key)
        self.text, self.verdict, self.finish_reason = response.text.strip(), verdict, response.finish_reason
        self.prompt_tokens += response.prompt_tokens
        self.completion_tokens += response.completion_tokens
        self.cost += response.cost
        if reason := why_not(response, verdict):
            self.why_not = f"{name}: {reason}"

    def row(self) -> dict[str, Any]:
        about = self.verdict or Verdict("unverified")
        return {
            "id": self.problem.id,
            "response": self.text,
            "key": self.keys[-1] if self.keys else None,
            "cot_key": self.cot_key,
            "keys": self.keys,
            "answer": about.answer,
            "verdict": about.verdict,
            "finish_reason": self.finish_reason,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "cost": self.cost,
            "kept": self.why_not is None,
            "why_not": self.why_not,
        }


def why_not(response: Response, verdict: Verdict) -> str | None:
    """The reason why an edited CoT is no training target; None where it is one."""
    if reason := unusable(response):
        return reason
    if verdict.verdict == "correct":
        return None
    return "no-answer" if verdict.answer is None else verdict.verdict


def edit(problems: Sequence[Problem], traces: dict[str, Trace], asking: Asking, spec: PassesSpec) -> list[Draft]:
    """A draft for each problem that has a trace, in order."""
    from orion.verify import verify_batch

    drafts = [Draft(p, traces[p.id].text, traces[p.id].key) for p in problems if p.id in traces]
    temperature, limit = float(spec.editing.temperature), spec.editing.max_tokens
    for name in spec.passes:
        running = [draft for draft in drafts if draft.why_not is None]
        texts = [fill(spec.prompts[name], problem=d.problem.problem, draft=d.text) for d in running]
        requests = [
            asking.request(text, id=d.problem.id, temperature=temperature, max_tokens=limit)
            for text, d in zip(texts, running, strict=True)
        ]
        responses = asking.complete(requests)
        verdicts = verify_batch(
            [(r.text if r else "", d.problem.answer) for d, r in zip(running, responses, strict=True)],
            [draft.problem.kind for draft in running],
            spec.grading,
        )
        for draft, request, response, verdict in zip(running, requests, responses, verdicts, strict=True):
            draft.heard(name, request.key, response, verdict)
    return drafts


def main() -> None:
    from orion.teacher.program import need_prompts, open_asking, read_arguments, write_outputs

    arguments = read_arguments(
        "passes",
        __doc__,
        "teacher, passes, editing, prompts, grading",
        problems="training problems",
        cots="the teacher's CoTs",
    )
    spec = PassesSpec.parse(cli.read_spec(arguments.spec))
    need_prompts(spec.prompts, spec.passes)

    from orion.files import read_table
    from orion.methods.traces import chosen_traces
    from orion.problems.table import read_problems

    problems = read_problems(arguments.problems)
    with open_asking(spec.teacher, arguments, "passes") as asking:
        rows = [draft.row() for draft in edit(problems, chosen_traces(read_table(arguments.cots)), asking, spec)]
    about = {"teacher": spec.teacher.name, "passes": list(spec.passes), "sampling": spec.editing.model_dump()}
    counts = {
        "in": len(rows),
        "out": sum(row["kept"] for row in rows),
        "dropped": dict(sorted(Counter(row["why_not"] for row in rows if not row["kept"]).items())),
        "cost": sum(row["cost"] for row in rows),
    }
    write_outputs(arguments.output, rows, SCHEMA, about, counts)
    print(f"{counts['out']} of {counts['in']} CoTs went through {', '.join(spec.passes)}; dropped {counts['dropped']}")


if __name__ == "__main__":
    cli.run(main)
