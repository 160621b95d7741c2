"""How many requests each of a teacher's artifacts takes, for the plan of a study (`python -m orion.plan`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from orion.config.duals import Duals
from orion.config.editing import Editing
from orion.config.study import Study
from orion.config.teacher import Teacher
from orion.config.templates import Templates
from orion.teacher.mistakes import MAX_TOKENS as MISTAKES_LIMIT

if TYPE_CHECKING:
    from orion.plan import Assumptions


class Asked(NamedTuple):
    """What one artifact takes of its teacher: requests, about and at most; prompt tokens and limit of each."""

    about: float
    most: float
    prompt: float
    limit: int


def needs_of(study: Study, assumed: Assumptions, train: int, teacher: Teacher, artifact: str) -> Asked:
    """`artifact` is `cots`, `duals`, `edited/verify-...`, ...: a file below results/teacher/{teacher}/."""
    with_cot = assumed.prompt_tokens + assumed.teacher_tokens
    if artifact == "cots":
        about = train * sum((1 - assumed.solved) ** draw for draw in range(teacher.most_draws))
        return Asked(about, train * teacher.most_draws, assumed.prompt_tokens, teacher.max_tokens)
    if artifact == "duals":  # a CoT a problem is made right, or made wrong; with several draws, both
        return Asked(train, 2 * train, with_cot, (study.duals or Duals.model_validate({})).max_tokens)
    if artifact == "mistakes":
        return Asked(assumed.kept * train, 2 * train, with_cot + assumed.teacher_tokens, MISTAKES_LIMIT)
    if artifact.startswith("edited/"):
        passes = artifact.count("-") + 1
        limit = (study.editing or Editing.model_validate({})).max_tokens
        return Asked(passes * assumed.solved * train, passes * train, with_cot, limit)
    if artifact == "templates":  # written and inspected, in every round
        templates = study.templates or Templates.model_validate({})
        return Asked(2 * train, 2 * templates.rounds * train, with_cot, templates.max_tokens)
    if artifact in ("locations", "corrections"):  # of the errors of one policy: judged, written and inspected
        settings, exposure = study.correcting, study.stage_exposure
        most = train * exposure.draws * len(exposure.temperatures)
        calls, most_calls = (1, 1) if artifact == "locations" else (3, 1 + 2 * settings.rounds)
        errors, prompt = assumed.wrong * most, with_cot + assumed.student_tokens
        return Asked(calls * errors, most_calls * most, prompt, settings.max_tokens)
    return Asked(train, train, with_cot, teacher.max_tokens)
