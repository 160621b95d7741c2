"""Fixtures of the engines' tests: the tiny student in float32, where numerics leave no doubt, and its requests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orion.config.student import Student
from orion.engines.local import LocalEngine
from orion.engines.transformers import TransformersEngine
from orion.students import make
from orion.types import Message, Request, Sampling
from tests.training.tiny import write_model

Make = Callable[..., TransformersEngine]
QUESTIONS = [f"What is {n} + {n * n}{' once more' * (n % 4)}?" for n in range(9)]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """results/models/tiny, as `python -m orion.students` makes it."""
    folder = tmp_path_factory.mktemp("tiny")
    write_model(folder / "model")
    make(Student(model=str(folder / "model"), dtype="float32"), folder)
    return folder


@pytest.fixture(scope="session")
def student(folder: Path) -> Student:
    return Student(model=str(folder / "model"), dtype="float32")


@pytest.fixture
def engine(folder: Path, student: Student) -> Make:
    def build(adapter: Path | None = None, **options: int) -> TransformersEngine:
        return TransformersEngine(folder, adapter, student, threads=1, **options)

    return build


def ask(engine: LocalEngine, sampling: Sampling, draws: int = 2, questions: list[str] = QUESTIONS) -> list[Request]:
    return [
        Request(engine.model, (Message("user", text),), sampling, draw, id=f"p{number}")
        for number, text in enumerate(questions)
        for draw in range(draws)
    ]
