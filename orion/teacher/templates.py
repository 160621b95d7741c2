"""`python -m orion.teacher.templates`: solutions recast as templates (SuperCorrect, arXiv 2410.09008, section 3.1).

From the problems with their human-written solutions to `results/teacher/{teacher}/templates.parquet`: the teacher
recasts a solution as numbered steps, a `<Key>` inside tricky ones, then `<Generalized>` and `<Answer>`. An inspector
compares it with the solution; what it finds faulty goes back to the teacher, at most so many rounds.

Ours, where the paper is silent: the inspector is the same teacher; a template is kept only if the inspector passed it,
its tags are whole and its answer is right. A problem without a written solution is given its answer alone.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion import cli
from orion.config.base import Part
from orion.config.teacher import Teacher
from orion.config.templates import Templates
from orion.errors import UserError
from orion.prompts import fill
from orion.steps import cut, worked
from orion.types import Problem, Response
from orion.verify.policy import Grading

if TYPE_CHECKING:
    from orion.teacher.ask import Asking

PROMPTS = ("template_write", "template_inspect", "template_mend")
_INSPECTION = re.compile(r"verdict\W*(pass|faulty)\b", re.IGNORECASE)


class TemplatesSpec(Part):
    """The config keys on which templates depend."""

    teacher: Teacher
    templates: Templates = Templates.model_validate({})
    prompts: dict[str, str]
    grading: Grading = Grading()


@dataclass
class Draft:
    """A template on its way. `why_not` holds what ended it, `passed` that an inspection did."""

    problem: Problem
    text: str = ""
    key: str = ""
    faults: str | None = None
    why_not: str | None = None
    passed: bool = False
    rounds: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0

    @property
    def open(self) -> bool:
        return not self.passed and self.why_not is None

    @property
    def solution(self) -> str:
        return worked(self.problem)

    def heard(self, response: Response | None) -> bool:
        """Count a response; whether there is something to go on with."""
        if response is None:
            self.why_not = "no-response"
            return False
        self.prompt_tokens += response.prompt_tokens
        self.completion_tokens += response.completion_tokens
        self.cost += response.cost
        if response.error is not None:
            self.why_not = response.error.split(":", 1)[0]
        elif response.finish_reason != "stop":
            self.why_not = "cut-off" if response.truncated else response.finish_reason
        return self.why_not is None


def malformed(text: str) -> str | None:
    """What is wrong with a template's tags; None where they are whole, in order and not empty."""
    pieces = cut(text)
    if not pieces.tagged or pieces.fault:
        return "steps-not-numbered" if not pieces.tagged else pieces.fault
    if text.count("<Key>") != text.count("</Key>"):
        return "key-not-closed"
    tail = re.search(
        r"</Step ?[0-9]*>\s*<Generalized>(.*?)</Generalized>\s*<Answer>(.*?)</Answer>\s*$", text, re.DOTALL
    )
    if tail is None or not tail[1].strip() or not tail[2].strip():
        return "no-generalized-or-answer"
    return None


def inspected(text: str) -> bool:
    """Whether the last verdict of an inspection is `pass`; one without a verdict is no pass."""
    stated = _INSPECTION.findall(text)
    return bool(stated) and stated[-1].lower() == "pass"


def make_templates(problems: Sequence[Problem], asking: Asking, spec: TemplatesSpec) -> list[Draft]:
    """One draft a problem, in order. Every round writes (or mends) all open drafts, then inspects them."""
    drafts = [Draft(problem) for problem in problems]
    temperature, limit = float(spec.templates.temperature), spec.templates.max_tokens

    def ask(name: str, about: Sequence[Draft]) -> list[tuple[Draft, str, Response | None]]:
        requests = [
            asking.request(
                fill(
                    spec.prompts[name],
                    problem=draft.problem.problem,
                    solution=draft.solution,
                    template=draft.text,
                    faults=draft.faults or "",
                ),
                id=draft.problem.id,
                temperature=temperature,
                max_tokens=limit,
            )
            for draft in about
        ]
        return list(zip(about, [r.key for r in requests], asking.complete(requests), strict=True))

    for number in range(spec.templates.rounds):
        writing = "template_mend" if number else "template_write"
        for draft, key, response in ask(writing, [draft for draft in drafts if draft.open]):
            if draft.heard(response) and response is not None:
                draft.text, draft.key, draft.rounds = response.text.strip(), key, number + 1
        for draft, _, response in ask("template_inspect", [draft for draft in drafts if draft.open]):
            if draft.heard(response) and response is not None:
                draft.passed, draft.faults = inspected(response.text), response.text.strip()
    return drafts


def rows_of(drafts: Sequence[Draft], grading: Grading) -> list[dict[str, Any]]:
    from orion.verify import verify_batch

    answers = [(match[1] if (match := re.search(r"<Answer>(.*?)</Answer>", d.text, re.DOTALL)) else "") for d in drafts]
    verdicts = verify_batch(
        [(answer, draft.problem.answer) for answer, draft in zip(answers, drafts, strict=True)],
        [draft.problem.kind for draft in drafts],
        grading,
    )
    rows = []
    for draft, verdict in zip(drafts, verdicts, strict=True):
        reason = draft.why_not or (None if draft.passed else "not-passed") or malformed(draft.text)
        if reason is None and verdict.verdict != "correct":
            reason = "wrong-answer" if verdict.verdict == "wrong" else verdict.verdict
        rows.append(
            {
                "id": draft.problem.id,
                "template": draft.text,
                "key": draft.key,
                "rounds": draft.rounds,
                "answer": verdict.answer,
                "verdict": verdict.verdict,
                "prompt_tokens": draft.prompt_tokens,
                "completion_tokens": draft.completion_tokens,
                "cost": draft.cost,
                "kept": reason is None,
                "why_not": reason,
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orion.teacher.templates", description=__doc__)
    parser.add_argument("--spec", required=True, help="JSON (or @FILE): teacher, templates, prompts, grading")
    parser.add_argument("--problems", required=True, type=Path, help="parquet of training problems, with solutions")
    parser.add_argument("--store", required=True, type=Path, help="folder that keeps every response for good")
    parser.add_argument("--endpoint", help="JSON (or @FILE): where and how hard to ask; changes no result")
    parser.add_argument("--offline", action="store_true", help="ask nothing; fail and list what the store lacks")
    parser.add_argument("--output", required=True, type=Path, help="parquet of templates; beside it <stem>.stats.json")
    arguments = parser.parse_args()
    spec = TemplatesSpec.parse(cli.read_spec(arguments.spec))
    if missing := set(PROMPTS) - spec.prompts.keys():
        raise UserError(f"--spec: prompts lack {', '.join(sorted(missing))}")

    import polars as pl

    from orion import files
    from orion.config.endpoint import Endpoint
    from orion.problems.table import read_problems
    from orion.teacher.ask import Asking

    problems = read_problems(arguments.problems)
    endpoint = Endpoint.parse(cli.read_spec(arguments.endpoint)) if arguments.endpoint else None
    with Asking(
        spec.teacher, arguments.store, endpoint=endpoint, label="templates", offline=arguments.offline
    ) as asking:
        rows = rows_of(make_templates(problems, asking, spec), spec.grading)
        asking.settle()
    schema: dict[str, Any] = dict.fromkeys(("id", "template", "key"), pl.String) | {"rounds": pl.Int64}
    schema |= dict.fromkeys(("answer", "verdict"), pl.String)
    schema |= {"prompt_tokens": pl.Int64, "completion_tokens": pl.Int64, "cost": pl.Float64}
    schema |= {"kept": pl.Boolean, "why_not": pl.String}
    described = {"teacher": spec.teacher.name, "sampling": spec.templates.model_dump(mode="json")}
    files.write_table(arguments.output, pl.DataFrame(rows, schema=schema, orient="row"), described)
    counts = {
        "in": len(rows),
        "out": sum(row["kept"] for row in rows),
        "dropped": dict(sorted(Counter(row["why_not"] for row in rows if not row["kept"]).items())),
        "rounds": dict(sorted(Counter(str(row["rounds"]) for row in rows).items())),
        "cost": sum(row["cost"] for row in rows),
    }
    files.write_json(arguments.output.with_suffix(".stats.json"), counts)
    print(f"{counts['out']} of {counts['in']} templates kept; dropped {counts['dropped'] or 'none'}")


if __name__ == "__main__":
    cli.run(main)
