"""What is wrong with a user's files is said before anything starts: file, row, column, and the key that names it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from orion.config.study import Study, load
from orion.errors import UserError
from orion.problems.check import check_files
from orion.workflow import whole_config
from tests.pipeline.workspace import ROOT

GOOD = '{"id": "1", "problem": "1 + 1?", "answer": "2"}\n'
BAD = '{"id": "2", "problem": "2 + 2?", "answer": ""}\n'


def study(folder: Path, **over: Any) -> Study:
    return load(whole_config({"problems": {"source": "file", "path": str(folder / "train.jsonl")}} | over))


def refused(folder: Path, **over: Any) -> str:
    with pytest.raises(UserError) as error:
        check_files(study(folder, **over), folder / "results")
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD + BAD, "train.jsonl, row 2, column answer: empty"),
        (GOOD + '{"id": "2", "problem": "2 + 2?"}\n', "train.jsonl, row 2: no column 'answer'"),
        (GOOD + "{\n", "train.jsonl, row 2: not valid JSON"),
        (GOOD + GOOD, "train.jsonl, row 2: id 1 stands there twice"),
        ("", "no problems are left of 0 rows"),
        (None, "config: problems.path: no file"),
    ],
)
def test_a_malformed_file_of_problems(tmp_path: Path, text: str | None, said: str) -> None:
    if text is not None:
        (tmp_path / "train.jsonl").write_text(text)
    assert said in refused(tmp_path)


def test_benchmarks_and_traces_are_looked_at_too(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text(GOOD)
    path = tmp_path / "other.jsonl"
    path.write_text(BAD)
    assert "row 1, column answer" in refused(tmp_path, benchmarks={"mine": {"source": "file", "path": str(path)}})
    traces = {"source": "file", "path": str(path), "columns": {"response": "said"}}
    assert "no column 'said' (it has id, problem, answer)" in refused(tmp_path, teachers={"r1": traces})
    assert "config: teachers.r1.path: no file" in refused(tmp_path, teachers={"r1": traces | {"path": "none.jsonl"}})


def test_a_file_that_was_read_since_it_changed_is_not_read_again(tmp_path: Path) -> None:
    path, made = tmp_path / "train.jsonl", tmp_path / "results/problems/train.parquet"
    path.write_text(BAD)
    made.parent.mkdir(parents=True)
    made.touch()
    check_files(study(tmp_path), tmp_path / "results")
    os.utime(made, (0, 0))
    assert "row 1, column answer" in refused(tmp_path)


def test_a_run_is_refused_before_its_first_job(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text(GOOD + BAD)
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"problems": {"source": "file", "path": "train.jsonl"}}))
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "1"]
    done = subprocess.run([*command, "--configfile", "mine.yaml"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "train.jsonl, row 2, column answer: empty; every problem needs one" in done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "results").exists()
