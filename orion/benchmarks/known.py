"""The benchmarks that have a name: where each is kept, pinned, and how one of its rows becomes a problem.

Revisions are commits of the hub's datasets, or of the authors' repository where that is the better-kept source.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

Row = Mapping[str, Any]


def same(row: Row) -> dict[str, Any]:
    return dict(row)


def renamed(**columns: str) -> Callable[[Row], dict[str, Any]]:
    """A reader that takes our columns from theirs: renamed(problem="question")."""
    return lambda row: dict(row) | {ours: row[theirs] for ours, theirs in columns.items()}


def plain_number(value: Any) -> str:
    """`025` -> `25`, `27.0` -> `27`, 3.509e-07 -> `0.0000003509`; what is no number stays."""
    text = str(value).strip()
    if not re.fullmatch(r"-?\d+(\.\d+)?([eE][-+]?\d+)?", text):
        return text
    text = format(Decimal(text), "f")
    whole, _, fraction = text.partition(".")
    whole = re.sub(r"^(-?)0+(?=\d)", r"\1", whole)
    return f"{whole}.{fraction}" if fraction.strip("0") else whole


def _gsm8k(row: Row) -> dict[str, Any]:
    solution, _, answer = str(row["answer"]).rpartition("####")
    return {"problem": row["question"], "answer": answer.strip().replace(",", ""), "solution": solution.strip()}


def _olympiad(row: Row) -> dict[str, Any]:
    answers = [str(answer).strip() for answer in row["final_answer"]]
    answers = [a[1:-1].strip() if a.startswith("$") and a.endswith("$") else a for a in answers]
    solution = row.get("solution") or [""]
    return {
        "id": f"olympiadbench/{row['id']}",
        "problem": row["question"],
        "answer": ", ".join(answers),
        "solution": solution[0] if isinstance(solution, list) else solution,
        "subject": row.get("subfield"),
    }


def _arc(row: Row) -> dict[str, Any]:
    options = zip(row["choices"]["label"], row["choices"]["text"], strict=True)
    text = "\n".join(f"({label}) {option}" for label, option in options)
    return {
        "id": row["id"],
        "problem": f"Question: {row['question']}\nOptions:\n{text}",
        "answer": f"({row['answerKey']})",
    }


def _agieval(row: Row) -> dict[str, Any]:
    options = "\n".join(row["options"])
    passage = f"{row['passage']}\n" if row.get("passage") else ""
    return {
        "subject": row.get("subject"),
        "problem": f"{passage}{row['question']}\nOptions:\n{options}",
        "answer": f"({row['label']})",
    }


class Known(NamedTuple):
    """`where` is a hub id, or a URL with a `{part}`; `parts` are the configurations or files to read, each a subject.

    `reader` makes our columns of a row of theirs; a local copy in our own columns needs none.
    """

    where: str
    revision: str
    rows: int
    kind: str
    reader: Callable[[Row], dict[str, Any]] = same
    split: str = "test"
    config: str | None = None
    parts: tuple[str, ...] = ()
    family: str = "math"


_RAW = "https://raw.githubusercontent.com"
BBH_TASKS = (
    "boolean_expressions causal_judgement date_understanding disambiguation_qa dyck_languages formal_fallacies "
    "geometric_shapes hyperbaton logical_deduction_five_objects logical_deduction_seven_objects "
    "logical_deduction_three_objects movie_recommendation multistep_arithmetic_two navigate object_counting "
    "penguins_in_a_table reasoning_about_colored_objects ruin_names salient_translation_error_detection snarks "
    "sports_understanding temporal_sequences tracking_shuffled_objects_five_objects "
    "tracking_shuffled_objects_seven_objects tracking_shuffled_objects_three_objects web_of_lies word_sorting"
).split()

KNOWN: dict[str, Known] = {
    "aime24": Known("HuggingFaceH4/aime_2024", "2fe88a2f1091d5048c0f36abc874fb997b3dd99a", 30, "number", split="train"),
    "aime25": Known("math-ai/aime25", "563bb8404243c5f09de6ec262f2db674fe5bce9b", 30, "number"),
    "amc23": Known(
        "math-ai/amc23", "80815d37005feb82cd7f8fbc6901d5d3eff43057", 40, "number", renamed(problem="question")
    ),
    "math500": Known(
        "HuggingFaceH4/MATH-500", "6e4ed1a2a79af7d8630a6b768ec859cb5af4d3be", 500, "math", renamed(id="unique_id")
    ),
    "gsm8k": Known("openai/gsm8k", "740312add88f781978c0658806c59bc2815b9866", 1319, "number", _gsm8k, config="main"),
    "gsm-hard": Known(
        "reasoning-machines/gsm-hard",
        "960448f73503112d4226baeb8eb41d3fb5ae2506",
        1319,
        "number",
        renamed(problem="input", answer="target"),
        split="train",
    ),
    "olympiadbench": Known("math-ai/olympiadbench", "4faaf1e6ec17d11a4218a9bf4c049ecaf954dd84", 674, "math", _olympiad),
    "minerva": Known(
        "math-ai/minervamath", "ee46ddc498933b1977577953250ca5c66be64f96", 272, "math", renamed(problem="question")
    ),
    "bbh": Known(
        f"{_RAW}/suzgunmirac/BIG-Bench-Hard/{{revision}}/bbh/{{part}}.json",
        "9ee07bd481feebf959a6b59d61ea57bdcf30964d",
        6511,
        "auto",
        renamed(problem="input", answer="target"),
        parts=tuple(BBH_TASKS),
        family="reasoning",
    ),
    "agieval": Known(
        f"{_RAW}/ruixiangcui/AGIEval/{{revision}}/data/v1/{{part}}.jsonl",
        "5c77d073fda993f1652eaae3cf5d04cc5fd21d40",
        2340,
        "choice",
        _agieval,
        parts=("aqua-rat", "logiqa-en", "lsat-ar", "lsat-lr", "lsat-rc", "sat-en", "sat-math"),
        family="reasoning",
    ),
    "arc-challenge": Known(
        "allenai/ai2_arc",
        "210d026faf9955653af8916fad021475a3f00453",
        1172,
        "choice",
        _arc,
        config="ARC-Challenge",
        family="knowledge",
    ),
    "arc-easy": Known(
        "allenai/ai2_arc",
        "210d026faf9955653af8916fad021475a3f00453",
        2376,
        "choice",
        _arc,
        config="ARC-Easy",
        family="knowledge",
    ),
}


def kind_of(answer: str) -> str:
    """The kind that an answer's form suggests: `(B)` is a choice, `)]` brackets, `-35` a number, the rest text."""
    if re.fullmatch(r"\([A-Z0-9]\)", answer):
        return "choice"
    if re.fullmatch(r"[\s()\[\]{}<>]+", answer):
        return "brackets"
    return "number" if re.fullmatch(r"-?\d+(\.\d+)?", answer) else "text"


def known_name(name: str) -> str | None:
    """The name under which a benchmark is known: case, spaces, `-` and `_` do not count."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return next((known for known in KNOWN if known.replace("-", "") == plain), None)
