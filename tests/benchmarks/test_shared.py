"""The known benchmarks, read from local copies of the real ones."""

import os
from pathlib import Path

import pytest

from orion.benchmarks.entry import BenchmarkSource
from orion.benchmarks.known import KNOWN
from orion.benchmarks.read import load_benchmark

SHARED = (
    Path(os.environ.get("ORION_SHARED") or Path(__file__).resolve().parents[2].parent / "shared") / "data/benchmarks"
)
pytestmark = pytest.mark.skipif(not SHARED.exists(), reason="no local copies of the benchmarks")
COPIES = {
    "aime24": "aime24",
    "amc23": "amc23",
    "math500": "math500",
    "gsm-hard": "gsm_hard",
    "bbh": "bbh",
    "agieval": "agieval_en",
    "arc-easy": "arc_easy",
    "arc-challenge": "arc_challenge",
}


@pytest.mark.parametrize("name", COPIES)
def test_a_local_copy_has_the_expected_problems(name: str) -> None:
    problems = load_benchmark(
        BenchmarkSource(source="known", path=str(SHARED / f"{COPIES[name]}.jsonl")), name
    ).problems
    assert len(problems) == KNOWN[name].rows
    assert len({problem.id for problem in problems}) == len(problems)
    assert all(problem.answer and problem.kind != "auto" for problem in problems)


def test_gsm_hard_without_its_known_faults() -> None:
    path = str(SHARED / "gsm_hard.jsonl")
    everything = ["wrong-label", "unchanged", "stale-answer", "broken"]
    loaded = load_benchmark(BenchmarkSource(source="known", path=path, exclude=everything), "gsm-hard")
    # The wrong label is in one of the unchanged rows.
    assert loaded.dropped == {"wrong-label": 1, "unchanged": 328, "stale-answer": 24, "broken": 1}
    assert len(loaded.problems) == 1319 - 1 - 328 - 24 - 1
    assert "gsm_hard-1318" not in {problem.id for problem in loaded.problems}
    only_wrong = load_benchmark(BenchmarkSource(source="known", path=path, exclude=["wrong-label"]), "gsm-hard")
    assert len(only_wrong.problems) == 1318


def test_bbh_has_every_kind_of_answer() -> None:
    problems = load_benchmark(BenchmarkSource(source="known", path=str(SHARED / "bbh.jsonl")), "bbh").problems
    assert {problem.kind for problem in problems} == {"choice", "text", "number", "brackets"}
    assert {p.kind for p in problems if p.subject == "dyck_languages"} == {"brackets"}
