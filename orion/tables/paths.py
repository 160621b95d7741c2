"""What a path of the pipeline says: `results/qwen/orion/seed0/math500/greedy.parquet` is an evaluation of orion."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

STAGES = ("problems", "models", "teacher", "exposure", "refinement", "training set", "training", "evaluation", "other")
_SUFFIXES = r"(\.training_set)?(\.stats)?\.(parquet|json|tsv|csv)$"


class Place(NamedTuple):
    """Empty where the path does not say it. `name` is what tells artifacts of one stage apart."""

    stage: str
    student: str = ""
    method: str = ""
    seed: str = ""
    name: str = ""


def place(path: Path) -> Place:
    """Where an artifact, its stats file or its benchmark file belongs. Unknown paths are `other`."""
    parts = path.parts
    for root in ("results", "benchmarks"):
        if root in parts:
            parts = parts[len(parts) - parts[::-1].index(root) :]
    text = re.sub(_SUFFIXES, r"\1", "/".join(parts))
    for pattern, stage in _PATTERNS:
        if match := re.fullmatch(pattern, text):
            return Place(stage, **{key: value or "" for key, value in match.groupdict().items()})
    return Place("other", name=text)


_POLICY = r"(?P<student>[^/]+)/(?P<method>[^/]+)/seed(?P<seed>\d+)"
_PATTERNS = [
    (r"problems/(?P<name>.+)", "problems"),
    (r"models/(?P<student>[^/]+)(/.*)?", "models"),
    (r"teacher/(?P<name>.+)", "teacher"),
    (r"(?P<student>[^/]+)/base/train/(?P<name>[^/]+)", "exposure"),
    (r"(?P<student>[^/]+)/(?P<name>errors)", "exposure"),
    (rf"{_POLICY}/(?P<name>[^/]+/(train/[^/]+|errors))", "exposure"),
    (rf"{_POLICY}/(?P<name>[^/]+/(locations|corrections))", "teacher"),
    (rf"{_POLICY}/(?P<name>[^/]+/own_corrections)", "refinement"),
    (r"(?P<student>[^/]+)/refined/(?P<name>[^/]+)", "refinement"),
    (r"(?P<student>[^/]+)/(?P<method>[^/]+)/(?:seed(?P<seed>\d+)/)?(?P<name>[^/]+)\.training_set", "training set"),
    (rf"{_POLICY}/(?P<name>scores)", "evaluation"),
    (rf"{_POLICY}/(?P<name>[^/]+)(/training_log)?", "training"),
    (rf"{_POLICY}/(?P<name>[^/]+/[^/]+)", "evaluation"),
]
