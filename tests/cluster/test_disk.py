"""Pruning takes what no artifact of the configured study needs, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from orion.config.study import Study, load
from orion.disk import Item, items, prune

ROOT = Path(__file__).resolve().parents[2]
NEEDED = [
    "results/problems/train.parquet",
    "results/models/smollm2/manifest.json",
    "results/smollm2/errors.parquet",
    "results/smollm2/base/train/t0.4.parquet",
    "results/smollm2/orion/seed0/scores.parquet",
    "results/analysis/outside/manifest.json",
    "results/analysis/smollm2/entropy.parquet",
    "results/analysis/smollm2/again/orion/seed0/cases/sampled.parquet",
    "results/analysis/smollm2/likelihood/base/orion/sft.parquet",
    "results/tables/main.csv",
    "results/mine/notes.txt",
    "logs/smollm2/orion/seed0/scores.log",
    "benchmarks/smollm2/orion/seed0/scores.tsv",
    "store/smollm2/base/segment",
    "shelf/us/used/adapter/weights",
    "shelf/unfinished/going-on/checkpoint.pt",
    "results/smollm2/.errors.parquet.x1.part",
]
UNUSED = {
    "orphans": [
        "results/smollm2/old-method/seed0/scores.parquet",
        "results/smollm2/orion/seed7/sft/training_log.parquet",
        "results/models/old-student/manifest.json",
        "results/analysis/old-student/entropy.parquet",
        "results/figures/old-student/entropy.png",
        "results/analysis/smollm2/again/old-method/seed0/cases/sampled.parquet",
        "results/analysis/smollm2/again/orion/seed7/cases/sampled.parquet",
        "results/analysis/smollm2/likelihood/base/old-method/sft.parquet",
        "logs/old-student/orion/seed0/scores.log",
        "benchmarks/smollm2/old-method/seed0/scores.tsv",
    ],
    "shelf": ["shelf/un/unused/adapter/weights"],
    "unfinished": ["shelf/unfinished/used/checkpoint.pt", "shelf/unfinished/forgotten/checkpoint.pt"],
    "parts": ["results/smollm2/.errors.parquet.x2.part"],
}


@pytest.fixture
def study() -> Study:
    return load(yaml.safe_load((ROOT / "config/config.yaml").read_text()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in [*NEEDED, *(path for paths in UNUSED.values() for path in paths)]:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"x" * 1000)
    made = tmp_path / "results/smollm2/orion/seed0/sft/adapter/training.json"
    made.parent.mkdir(parents=True)
    made.write_text(json.dumps({"key": "used"}))
    for path in ("results/smollm2/.errors.parquet.x2.part", "shelf/unfinished/forgotten/checkpoint.pt"):
        os.utime(tmp_path / path, (time.time() - 8 * 86_400,) * 2)
    return tmp_path


@pytest.mark.parametrize("kind", UNUSED)
def test_a_kind_names_exactly_what_nothing_needs(study: Study, folder: Path, kind: str) -> None:
    chosen = [item for item in items(study, folder) if item.kind == kind]
    before = {path for path in folder.rglob("*") if path.is_file()}
    freed = prune(chosen)
    gone = before - {path for path in folder.rglob("*") if path.is_file()}
    assert gone == {folder / path for path in UNUSED[kind]}
    assert freed == 1000 * len(gone)


def test_everything_is_listed_once(study: Study, folder: Path) -> None:
    found: list[Item] = list(items(study, folder))
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert sum(item.bytes for item in found) == sum(path.stat().st_size for path in files)


def test_nothing_is_deleted_without_yes(folder: Path) -> None:
    command = [sys.executable, "-m", "orion.disk", "--directory", str(folder), "--prune", *UNUSED]
    before = set(folder.rglob("*"))
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(folder.rglob("*")) == before
    assert "old-method" in said and "14 kB  would come free" in said
    subprocess.run([*command, "--yes"], cwd=ROOT, check=True, capture_output=True)
    left = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert left == {*NEEDED, "results/smollm2/orion/seed0/sft/adapter/training.json"}
