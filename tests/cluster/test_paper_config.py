"""The paper's configuration is whole: it plans, with this number of jobs a rule, and says where the paper is silent."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import yaml

from orion.config.study import Study, load
from orion.config.teacher import Teacher
from orion.errors import UserError
from orion.teacher.recorded import recorded_responses
from orion.types import Problem

ROOT = Path(__file__).resolve().parents[2]
PAPER = ROOT / "config/paper.yaml"

# 3 students; 1 untrained policy and 3 trained methods x 3 seeds each (main), 4 benchmarks x 2 decodings.
MAIN_JOBS = {
    "make_problems": 5,
    "decontaminate_problems": 1,
    "fetch_student": 3,
    "trace_teacher": 1,
    "sample_exposure": 15,
    "collect_errors": 3,
    "refine_cots": 3,
    "build_training_set": 27,
    "train_adapter": 27,
    "sample_benchmark": 240,
    "score_policy": 30,
    "make_tables": 1,
}


@pytest.fixture(scope="module")
def paper() -> Study:
    return load(yaml.safe_load(PAPER.read_text()))


def jobs(target: str, folder: Path) -> dict[str, int]:
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    done = subprocess.run(
        [*command, target, "--dry-run", "--quiet", "rules", "--configfile", str(PAPER)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    stats = (done.stdout + done.stderr).partition("Job stats:")[2]
    return {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", stats, re.MULTILINE) if name != "total"}


@pytest.mark.slow
def test_the_main_table_takes_these_jobs(tmp_path: Path) -> None:
    assert jobs("results/tables/main.csv", tmp_path) == MAIN_JOBS


@pytest.mark.slow
def test_fetch_takes_what_needs_a_network_and_nothing_else(tmp_path: Path) -> None:
    needed = {"make_problems": 5, "decontaminate_problems": 1, "fetch_student": 3, "trace_teacher": 1, "fetch": 1,
              "fetch_outside": 1}  # fmt: skip
    assert jobs("fetch", tmp_path) == needed


def test_it_holds_what_the_paper_states(paper: Study) -> None:
    assert (paper.problems.sample, paper.training.learning_rate) == (10_000, 5e-5)  # type: ignore[union-attr]
    assert (paper.training.accumulation, paper.training.epochs, paper.training.mode) == (8, 3, "lora")
    assert [student.model for student in paper.students.values()] == [
        "Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen3-8B", "meta-llama/Llama-3.1-8B-Instruct",
    ]  # fmt: skip
    assert list(paper.benchmarks) == ["gsm-hard", "math500", "aime24", "amc23"]
    assert paper.refinement.max_per_problem is None and paper.evaluation.k == [10]


def test_everything_from_a_hub_is_pinned_to_a_commit(paper: Study) -> None:
    assert paper.analysis and paper.analysis.outside
    revisions = [student.revision for student in (*paper.students.values(), paper.analysis.outside)]
    revisions.append(paper.problems.revision)  # type: ignore[union-attr]
    revisions += [re.split("[@/]", teacher.path)[5] for teacher in paper.teachers.values() if teacher.path]
    assert len(revisions) == 6
    assert all(re.fullmatch("[0-9a-f]{40}", revision or "") for revision in revisions)


@pytest.mark.parametrize(
    "key",
    [
        "seed:", "decontamination:", "temperatures:", "draws: 1", "top_p: 0.9", "repetition_penalty:",
        "max_tokens: 4096", "max_tokens: 8192", "tries:", "leak_filter:", "batch_size:", "lora:", "schedule:",
        "warmup:", "weight_decay:", "seeds:", "sampled:",
    ],
)  # fmt: skip
def test_a_choice_of_ours_is_marked(key: str) -> None:
    lines = [line for line in PAPER.read_text().splitlines() if line.strip().startswith(key)]
    assert lines and all("the paper is silent" in line for line in lines)


def test_either_teacher_can_be_the_first(paper: Study) -> None:
    raw = yaml.safe_load(PAPER.read_text())
    raw["teachers"] = dict(reversed(raw["teachers"].items()))
    assert (paper.teacher, load(raw).teacher) == ("openr1", "deepseek")


def test_traces_of_the_hub_come_out_of_its_cache_without_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants

    commit = "e4e141ec9dea9f8326f4d347be56105859b2bd68"
    folder = tmp_path / "datasets--org--traces/snapshots" / commit / "data"
    folder.mkdir(parents=True)
    output = r"<think>1 + 1 is 2</think>It is \boxed{2}."
    pl.DataFrame({"problem": ["What is 1 + 1?"], "generations": [[output, "cut off"]]}).write_parquet(
        folder / "train-00000-of-00001.parquet"
    )
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))

    path = f"hf://datasets/org/traces@{commit}/data/train-*.parquet"
    teacher = Teacher(source="file", path=path, model="r1")
    found = recorded_responses([Problem("p", "What is 1 + 1?", "2", "")], teacher)
    assert [(draw, response.reasoning) for _, draw, _, response in found] == [(0, "1 + 1 is 2"), (1, None)]

    missing = teacher.model_copy(update={"path": path.replace("org/traces", "org/none")})
    with pytest.raises(UserError, match="not to be had"):
        recorded_responses([], missing)
