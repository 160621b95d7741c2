"""A data set without a split of its own, cut in two: seeded, by text, and never trained and tested on the same side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from orion.benchmarks.entry import BenchmarkSource, Portion
from orion.benchmarks.read import load_benchmark, side_of
from orion.config.study import load
from orion.errors import UserError
from tests.pipeline.workspace import ROOT, merged

DEFAULT = yaml.safe_load((ROOT / "config/config.yaml").read_text())


def portion(take: str, **more: Any) -> dict[str, Any]:
    return {"take": take, **more}


def problems(path: Path, take: str, **more: Any) -> list[str]:
    source = BenchmarkSource.model_validate({"source": "file", "path": str(path), "portion": portion(take, **more)})
    loaded = load_benchmark(source, "x")
    assert loaded.dropped["other portion"] + len(loaded.problems) == 600
    return [problem.id for problem in loaded.problems]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """600 rows; every tenth has the text of the one before, with another space in it."""
    texts = [f"Problem {n - 1 if n % 10 == 9 else n}: 1{' ' * (1 + (n % 10 == 9))}+ 1?" for n in range(600)]
    rows = [{"id": f"p{n}", "problem": text, "answer": "2"} for n, text in enumerate(texts)]
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return tmp_path / "x.jsonl"


def test_the_two_sides_are_disjoint_and_whole_and_about_four_to_one(data: Path) -> None:
    train, test = problems(data, "train"), problems(data, "test")
    assert not set(train) & set(test) and len(train) + len(test) == 600
    assert 80 < len(test) < 160
    for n in range(9, 600, 10):  # equal texts are on one side
        assert (f"p{n}" in train) == (f"p{n - 1}" in train)


def test_another_seed_is_another_cut_and_another_share_holds_the_smaller_one(data: Path) -> None:
    assert problems(data, "test", seed=1) != problems(data, "test")
    assert set(problems(data, "test", test=0.1)) < set(problems(data, "test", test=0.5))


@given(st.text(min_size=1), st.floats(0.01, 0.99), st.integers(0, 3))
def test_a_text_is_on_one_side(text: str, share: float, seed: int) -> None:
    cut = Portion(take="train", test=share, seed=seed)
    assert side_of(text, cut) == side_of(f" {text}  ", cut) in ("train", "test")


def study(problems: dict[str, Any], benchmark: dict[str, Any]) -> Any:
    return load(DEFAULT | {"problems": problems, "benchmarks": {"b": benchmark}})


FILE = {"source": "file", "path": "x.jsonl"}


@pytest.mark.parametrize(
    "benchmark",
    [
        FILE,
        FILE | {"portion": portion("train")},
        FILE | {"portion": portion("test", test=0.3)},
        FILE | {"portion": portion("test", seed=1)},
    ],
)
def test_sides_that_overlap_are_refused(benchmark: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"problems and benchmarks\.b are read from one place and overlap"):
        study(FILE | {"portion": portion("train")}, benchmark)


def test_sides_that_fit_and_other_places_are_fine() -> None:
    study(FILE | {"portion": portion("train")}, FILE | {"portion": portion("test")})
    study(FILE | {"portion": portion("train")}, {"source": "file", "path": "y.jsonl"})
    known = {"source": "known", "name": "bbh"}
    study(known | {"portion": portion("train")}, known | {"portion": portion("test")})
    with pytest.raises(UserError, match="overlap"):
        load(
            merged(DEFAULT, {"problems": None, "benchmarks": None})
            | {"problems": known | {"portion": portion("train")}, "benchmarks": {"bbh": {"source": "known"}}}
        )
