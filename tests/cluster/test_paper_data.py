"""The data of the paper's configuration: its problems and both of its teachers, from a local folder and server in the
place of the hub and of DeepSeek's API. Only addresses and the API's model differ from config/paper.yaml.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from orion.config.study import Study, load
from orion.problems.arithmetic import generate
from orion.specs import Specs
from orion.workflow import Artifacts
from tests.pipeline.workspace import merged

ROOT = Path(__file__).resolve().parents[2]
PAPER: dict[str, Any] = yaml.safe_load((ROOT / "config/paper.yaml").read_text())
CARD = """---
configs:
- {config_name: all, data_files: [{split: train, path: all/train-*}]}
- {config_name: default, data_files: [{split: train, path: data/train-*}]}
---
"""
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the layout and the columns of OpenR1-Math-220k, over arithmetic problems; one has no answer."""
    folder = tmp_path_factory.mktemp("openr1")
    rows = []
    for number, (_, problem) in enumerate(generate({"one-step": 6}, [2, 12], "train0", False)):
        right = f"<think>{problem.solution}</think>So it is \\boxed{{{problem.answer}}}."
        rows.append({
            "problem": problem.problem, "solution": problem.solution, "answer": problem.answer if number else "",
            "problem_type": "Algebra", "question_type": "math-word-problem", "source": "olympiads",
            "uuid": f"u{number}", "generations": ["<think>I was cut", right],
        })  # fmt: skip
    for part, chosen in (("data", rows), ("all", rows[:1])):
        (folder / part).mkdir()
        pl.DataFrame(chosen).write_parquet(folder / part / "train-00000-of-00001.parquet")
    (folder / "README.md").write_text(CARD)
    return folder


def paper(dataset: Path, **over: Any) -> Study:
    traces = {"openr1": {"path": str(dataset / "data/train-*.parquet")}}
    return load(merged(merged(PAPER, {"problems": {"hub": str(dataset)}, "teachers": traces}), over))


def run(module: str, *arguments: str | Path, **variables: str) -> str:
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def problems(dataset: Path) -> Path:
    made = dataset / "made/train.parquet"
    said = run("orion.problems", "--spec", Specs(paper(dataset)).problems("train"), "--name", "train", "--output", made,
               HF_HUB_OFFLINE="1", HF_HOME=str(dataset / "home"))  # fmt: skip
    assert "5 problems" in said and "1" in said.partition("dropped")[2], "the row without an answer is counted"
    return made


def test_the_problems_are_those_of_the_part_that_the_paper_names(problems: Path) -> None:
    assert len(pl.read_parquet(problems)) == 5


def test_the_public_traces_are_a_teacher_that_costs_nothing(dataset: Path, problems: Path) -> None:
    study = paper(dataset)
    specs = Specs(study)
    assert (study.teacher, len(specs.trace_files("openr1"))) == ("openr1", 1)
    cots = dataset / "made/openr1.parquet"
    run("orion.teacher", "--spec", specs.teacher("openr1"), "--problems", problems, "--store", dataset / "store/openr1",
        "--endpoint", specs.endpoint("openr1"), "--output", cots)  # fmt: skip
    found = pl.read_parquet(cots)
    assert set(found["id"]) == set(pl.read_parquet(problems)["id"])
    assert not any(path.startswith("results/teacher/deepseek") for path in Artifacts(study).downloads())


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The scripted teacher, which speaks the API of reasoning endpoints."""
    command = [sys.executable, "-m", "orion.teacher.scripted", "--port", "0", "--slip-rate", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
        process.terminate()


def test_the_api_is_a_teacher_with_one_line_moved(dataset: Path, problems: Path, server: str) -> None:
    first = {"teachers": dict(reversed(PAPER["teachers"].items()))}
    there = {"model": "scripted-r1", "endpoint": {"base_url": server}}
    study = load(merged(PAPER | first, {"problems": {"hub": str(dataset)}, "teachers": {"deepseek": there}}))
    assert study.teacher == "deepseek"
    specs = Specs(study)
    cots = dataset / "made/deepseek.parquet"
    ask = ["--spec", specs.teacher("deepseek"), "--problems", problems, "--store", dataset / "store/deepseek",
           "--endpoint", specs.endpoint("deepseek")]  # fmt: skip
    run("orion.teacher", *ask, "--output", cots, DEEPSEEK_API_KEY="none-is-needed-here")
    found = pl.read_parquet(cots)
    assert set(found["id"]) == set(pl.read_parquet(problems)["id"])
    # Nodes without a network: what was fetched on the head is projected again without a key or a server.
    again = dataset / "made/again.parquet"
    run("orion.teacher", *ask, "--offline", "--output", again, DEEPSEEK_API_KEY="")
    assert pl.read_parquet(again).drop("cost", strict=False).equals(found.drop("cost", strict=False))
