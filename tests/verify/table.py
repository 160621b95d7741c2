"""The table of hand-written cases: `tests/verify/cases/*.txt`, each line with the reason for its verdict.

A line is `gold | answer | verdict | why`, with ` | {policy}` where a policy other than the default is tested. A heading
`# category` starts a group, `# category | kind` one of another kind than math. In `outputs.txt` and `sentences.txt`
the second field is a whole output (`⏎` is a line break); elsewhere it is an answer, which the tests box.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple


class Case(NamedTuple):
    category: str
    kind: str
    gold: str
    output: str
    verdict: str
    why: str
    policy: dict[str, Any]
    place: str


_VERDICT = re.compile(r"^(.*?) \| (.*) \| (correct|wrong|unverified) \| (.*?)(?: \| (\{.*\}))?$")


def cases() -> list[Case]:
    found = []
    for path in sorted((Path(__file__).parent / "cases").glob("*.txt")):
        whole = path.stem in ("outputs", "sentences")
        category, kind = path.stem, "math"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.startswith("# "):
                category, _, kind = line[2:].partition(" | ")
                kind = kind or "math"
                continue
            match = _VERDICT.match(line)
            assert match, f"{path.name}:{number}: not a case: {line!r}"
            gold, answer, verdict, why, policy = match.groups()
            output = answer.replace("⏎", "\n") if whole else f"Therefore it is \\boxed{{{answer}}}."
            place = f"{path.name}:{number}"
            found.append(Case(category, kind, gold, output, verdict, why, json.loads(policy or "{}"), place))
    return found
