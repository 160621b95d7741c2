"""A judgement is a text that gives its reason and ends with a line such as `Choice: B`; here it is asked for and read.

One that lacks the line, names something that was not offered, was cut off or could not be had is no verdict; the reason
stands in `why_not`, and the counts beside the artifact.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from orion.config.base import Part
from orion.config.teacher import Teacher
from orion.errors import UserError
from orion.types import Message, Response

if TYPE_CHECKING:
    from orion.teacher.ask import Asking

COLUMNS: dict[str, type] = {
    "verdict": str, "judgement": str, "key": str, "prompt_tokens": int, "completion_tokens": int, "cost": float,
    "kept": bool, "why_not": str,
}  # fmt: skip


class AskedBy(Part):
    """Of a spec: who judges, and how."""

    teacher: Teacher
    temperature: float = 0.0
    max_tokens: int


class Question(NamedTuple):
    """One judgement to be had. `about` are the columns that say what it is about, `offered` what it may decide."""

    id: str
    messages: tuple[Message, ...]
    offered: tuple[str, ...]
    about: Mapping[str, Any]


_MARKS = r"(?:[^\w\n]|_)*"  # what may stand around a verdict: `**`, quotes, brackets
_ANOTHER = r"(?!\s*(?:,|/|&|and\b|or\b)\s*(?:[Ss]olution\s+)?[A-Z](?!\w))"


def stated(text: str, word: str, offered: Sequence[str]) -> str | None:
    """What the last `{word}: ...` of a text names, if it was offered; None if there is none or it names another thing.

    Marks around it (`**Choice:** B.`) and a noun before a letter (`Choice: solution B`) do not count; a single letter
    has to be a capital and alone, so that `Choice: a tie` and `Choice: A or B` are none.
    """
    said = re.findall(rf"\b{word}\b[^\w\n:]*:{_MARKS}(?:(?:solution|option){_MARKS})?(.*)", text, re.IGNORECASE)
    for name in sorted(offered, key=len, reverse=True) if said else []:
        pattern = r"[\s/_-]+".join(map(re.escape, name.split("-"))) + r"(?![^\W_])"
        letter = len(name) == 1
        if re.match(pattern + _ANOTHER if letter else pattern, said[-1], 0 if letter else re.IGNORECASE):
            return name
    return None


def why_not(response: Response, verdict: str | None) -> str | None:
    """The reason why a response is no judgement; None where it is one."""
    if response.error is not None:
        return response.error.split(":", 1)[0]
    if response.finish_reason != "stop":
        return "cut-off" if response.truncated else response.finish_reason
    return None if verdict else "no-verdict"


def judged(questions: Sequence[Question], word: str, asking: Asking, by: AskedBy) -> list[dict[str, Any]]:
    """One row a question, in order, those without a response included.

    Raises:
        UserError: there are judgements, and not one of them can be read: the judge or the prompt is not fit for it.
    """
    requests = [
        asking.request(q.messages, id=q.id, temperature=by.temperature, max_tokens=by.max_tokens) for q in questions
    ]
    rows = []
    for question, request, response in zip(questions, requests, asking.complete(requests), strict=True):
        verdict = stated(response.text, word, question.offered) if response else None
        reason = why_not(response, verdict) if response else "no response"
        rows.append(
            {"id": question.id, **question.about}
            | {
                "verdict": None if reason else verdict,
                "judgement": response.text.strip() if response else None,
                "key": request.key,
                "prompt_tokens": response.prompt_tokens if response else 0,
                "completion_tokens": response.completion_tokens if response else 0,
                "cost": response.cost if response else 0.0,
                "kept": reason is None,
                "why_not": reason,
            }
        )
    if rows and not any(row["kept"] for row in rows):
        reasons = ", ".join(f"{count} {reason}" for reason, count in Counter(r["why_not"] for r in rows).most_common())
        raise UserError(
            f"the judge {by.teacher.name} gave no judgement that can be read ({reasons}); the first reads "
            f"{(rows[0]['judgement'] or '')[:200]!r}. It must end in '{word}: ' and one of "
            f"{', '.join(questions[0].offered)}: take another model, or mend the judge's prompt"
        )
    return rows


def counts(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of the stats file."""
    return {
        "in": len(rows),
        "out": sum(row["kept"] for row in rows),
        "dropped": dict(sorted(Counter(row["why_not"] for row in rows if not row["kept"]).items())),
        "prompt_tokens": sum(row["prompt_tokens"] for row in rows),
        "completion_tokens": sum(row["completion_tokens"] for row in rows),
        "cost": sum(row["cost"] for row in rows),
    }


def described(teacher: Teacher) -> dict[str, Any]:
    """Who judged, for the metadata: figures and captions repeat it."""
    return {"judge": teacher.name, "judge_kind": "script" if teacher.source == "embedded" else "model"}
