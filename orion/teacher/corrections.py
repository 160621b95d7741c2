"""`python -m orion.teacher.corrections`: right and wrong corrections of a student's first wrong steps (SuperCorrect,
arXiv 2410.09008, section 3.2).

From the located errors and the student's own corrections of them to `.../corrections.parquet`, a row a located error:

1. The inspector (the teacher, which sees the reference solution) judges the student's own correction. One that is right
   is no rejected side, and the pair is dropped: ours, where the paper is silent.
2. The teacher corrects the step, from the prompt that the student had, with the reference solution in it.
3. The inspector judges that correction; what it finds faulty goes back to the teacher, at most so many rounds.

With `judge_only` there is no chosen side: the analysis of how well a student corrects ends after the first step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orion import cli
from orion.config.base import Part
from orion.config.corrections import Corrections
from orion.config.teacher import Teacher
from orion.prompts import fill
from orion.steps import correction_of, reference, shown, step_question, worked
from orion.teacher.locations import unheard
from orion.teacher.templates import inspected
from orion.types import Message, Problem, Response

if TYPE_CHECKING:
    import polars as pl

    from orion.teacher.ask import Asking

PROMPTS = ("correct_step", "correct_inspect", "correct_mend")
SCHEMA: dict[str, type] = {
    "id": str, "error_key": str, "steps": list, "number": int, "chosen": str, "rejected": str, "own_right": bool,
    "rounds": int, "key": str, "own_key": str, "location_key": str, "prompt_tokens": int, "completion_tokens": int,
    "cost": float, "kept": bool, "why_not": str,
}  # fmt: skip


class CorrectionsSpec(Part):
    """The config keys on which corrections depend."""

    teacher: Teacher
    temperature: str
    max_tokens: int
    rounds: int = Corrections.model_fields["rounds"].default
    need_form: bool = False
    judge_only: bool = False
    prompts: dict[str, str]


@dataclass
class Draft:
    """A pair on its way. `steps` end with the wrong one; `why_not` is what ended it."""

    problem: Problem
    error_key: str
    location_key: str
    steps: list[str]
    own: str = ""
    own_key: str | None = None
    own_right: bool | None = None
    chosen: str | None = None
    key: str | None = None
    faults: str = ""
    passed: bool = False
    rounds: int = 0
    why_not: str | None = None
    calls: list[Response] = field(default_factory=list)

    @property
    def open(self) -> bool:
        return not self.passed and self.why_not is None

    def heard(self, response: Response | None, who: str) -> str | None:
        """The text of a response; None where it says nothing, which ends the draft."""
        if response is not None:
            self.calls.append(response)
        if (reason := unheard(response)) or response is None:
            self.why_not = f"{who}: {reason}"
            return None
        return response.text.strip()

    def row(self) -> dict[str, Any]:
        return {
            "id": self.problem.id,
            "error_key": self.error_key,
            "steps": self.steps,
            "number": len(self.steps),
            "chosen": self.chosen,
            "rejected": self.own,
            "own_right": self.own_right,
            "rounds": self.rounds,
            "key": self.key,
            "own_key": self.own_key,
            "location_key": self.location_key,
            "prompt_tokens": sum(call.prompt_tokens for call in self.calls),
            "completion_tokens": sum(call.completion_tokens for call in self.calls),
            "cost": sum(call.cost for call in self.calls),
            "kept": self.why_not is None,
            "why_not": self.why_not,
        }


def drafts_of(problems: Sequence[Problem], locations: pl.DataFrame, own: pl.DataFrame, need_form: bool) -> list[Draft]:
    """One a located error, in order, with what the student made of it."""
    by_id = {problem.id: problem for problem in problems}
    corrected = {row["error_key"]: row for row in own.iter_rows(named=True)}
    drafts = []
    for row in locations.iter_rows(named=True):
        if not row["kept"] or row["id"] not in by_id:
            continue
        draft = Draft(by_id[row["id"]], row["error_key"], row["key"], row["steps"][: row["number"]])
        mine = corrected.get(row["error_key"])
        if mine is None or not mine["kept"]:
            draft.why_not = f"own correction: {mine['why_not'] if mine else 'missing'}"
        else:
            form = correction_of(mine["response"])
            # Beside the form nothing of it counts; without it all that the student wrote is its correction.
            draft.own, draft.own_key = str(form) if form else mine["response"], mine["key"]
            if form is None and need_form:
                draft.why_not = "own correction: not in form"
        drafts.append(draft)
    return drafts


class Teaching:
    """The questions to the teacher. Each is asked in one round over all drafts that are open."""

    def __init__(self, asking: Asking, spec: CorrectionsSpec) -> None:
        self.asking = asking
        self.spec = spec

    def _ask(
        self, drafts: Sequence[Draft], texts: Sequence[tuple[Message, ...]]
    ) -> list[tuple[Draft, str, Response | None]]:
        requests = [
            self.asking.request(
                text, id=draft.problem.id, temperature=float(self.spec.temperature), max_tokens=self.spec.max_tokens
            )
            for draft, text in zip(drafts, texts, strict=True)
        ]
        return list(zip(drafts, [r.key for r in requests], self.asking.complete(requests), strict=True))

    def _about(self, name: str, draft: Draft, correction: str) -> tuple[Message, ...]:
        return fill(
            self.spec.prompts[name],
            problem=draft.problem.problem,
            solution=worked(draft.problem),
            steps=shown(draft.steps),
            number=str(len(draft.steps)),
            correction=correction,
            faults=draft.faults,
        )

    def judge_own(self, drafts: Sequence[Draft]) -> None:
        """Only the corrected step counts: a true cause does not make a wrong step right, nor a wrong one a right step
        wrong. What is not in the form of a correction is judged as it stands."""
        judged = [draft for draft in drafts if draft.open]
        forms = [correction_of(draft.own) for draft in judged]
        texts = [
            self._about("correct_inspect", draft, form.step if form else draft.own)
            for draft, form in zip(judged, forms, strict=True)
        ]
        for draft, _, response in self._ask(judged, texts):
            if (said := draft.heard(response, "judge")) is not None:
                draft.own_right = inspected(said)
                if draft.own_right and not self.spec.judge_only:
                    draft.why_not = "own correction: right"

    def write(self, drafts: Sequence[Draft]) -> None:
        """A round: all open drafts are written or mended, then inspected."""
        running = [draft for draft in drafts if draft.open]
        texts = [
            self._about("correct_mend", draft, draft.chosen)
            if draft.chosen
            else step_question(
                self.spec.prompts["correct_step"],
                draft.problem.problem,
                draft.steps,
                reference(worked(draft.problem)),
            )
            for draft in running
        ]
        for draft, key, response in self._ask(running, texts):
            if (said := draft.heard(response, "teacher")) is not None:
                found = correction_of(said)
                draft.chosen, draft.key, draft.rounds = str(found) if found else said, key, draft.rounds + 1
        written = [draft for draft in running if draft.open]
        texts = [self._about("correct_inspect", draft, draft.chosen or "") for draft in written]
        for draft, _, response in self._ask(written, texts):
            if (said := draft.heard(response, "inspector")) is not None:
                draft.passed, draft.faults = inspected(said), said


def correct(
    problems: Sequence[Problem], locations: pl.DataFrame, own: pl.DataFrame, asking: Asking, spec: CorrectionsSpec
) -> list[Draft]:
    drafts = drafts_of(problems, locations, own, spec.need_form)
    teaching = Teaching(asking, spec)
    teaching.judge_own(drafts)
    if spec.judge_only:
        return drafts
    for _ in range(spec.rounds):
        teaching.write(drafts)
    for draft in drafts:
        if draft.open:
            draft.why_not = "teacher: not passed"
        elif draft.passed and correction_of(draft.chosen or "") is None:
            draft.why_not = "teacher: not in form"
        elif draft.passed and draft.chosen == draft.own:
            draft.why_not = "own correction: the same"
    return drafts


def counts_of(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "in": len(rows),
        "out": sum(row["kept"] for row in rows),
        "dropped": dict(sorted(Counter(row["why_not"] for row in rows if not row["kept"]).items())),
        "own_right": sum(bool(row["own_right"]) for row in rows),
        "rounds": dict(sorted(Counter(str(row["rounds"]) for row in rows if row["rounds"]).items())),
        "cost": sum(row["cost"] for row in rows),
    }


def main() -> None:
    from orion.teacher.program import need_prompts, open_asking, read_arguments, write_outputs

    arguments = read_arguments(
        "corrections",
        __doc__,
        "teacher, temperature, max_tokens, rounds, need_form, judge_only, prompts",
        many={"problems": "the problems that were answered, one or several files"},
        locations="the first wrong steps",
        own="the student's own corrections of them",
    )
    spec = CorrectionsSpec.parse(cli.read_spec(arguments.spec))
    need_prompts(spec.prompts, PROMPTS[1:2] if spec.judge_only else PROMPTS)

    from orion.files import read_table
    from orion.problems.table import read_problems

    problems = [problem for path in arguments.problems for problem in read_problems(path)]
    with open_asking(spec.teacher, arguments, "corrections") as asking:
        drafts = correct(problems, read_table(arguments.locations), read_table(arguments.own), asking, spec)
    rows = [draft.row() for draft in drafts]
    counts = counts_of(rows)
    about = {"teacher": spec.teacher.name, "teacher_kind": spec.teacher.kind, "judge_only": spec.judge_only}
    write_outputs(arguments.output, rows, SCHEMA, about, counts)
    what = "corrections judged" if spec.judge_only else "pairs kept"
    print(f"{counts['out']} of {counts['in']} {what}; dropped {counts['dropped'] or 'none'}")


if __name__ == "__main__":
    cli.run(main)
