"""The teacher stage as a program: draws until right, asks for what is missing, says what it costs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from orion.problems.table import write_problems
from orion.types import Problem
from tests.api.client_helpers import Server

ROOT = Path(__file__).parents[2]
KEY = "sk-never-to-be-seen-42"
PRICES = {"input": 1000.0, "output": 1000.0}  # a response costs 30 tokens = 0.03


@pytest.fixture
def server() -> Iterator[Server]:
    process = subprocess.Popen([sys.executable, "-m", "tests.api.faults"], stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    yield Server(int(process.stdout.readline()))
    process.kill()
    process.wait()


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEACHER_KEY", KEY)


class Stage:
    """`python -m orion.teacher` in a folder of its own."""

    def __init__(self, folder: Path, server: Server | None = None) -> None:
        self.folder, self.server = folder, server
        self.output = folder / "cots.parquet"
        self.log = ""

    def run(self, problems: list[Problem], *flags: str, endpoint: dict[str, Any] | None = None, **teacher: Any) -> int:
        write_problems(self.folder / "problems.parquet", problems, {})
        spec = {"teacher": {"source": "api", "model": "m", "max_tokens": 100} | teacher, "question": "{problem}"}
        command = [sys.executable, "-m", "orion.teacher", "--spec", json.dumps(spec)]
        command += ["--problems", str(self.folder / "problems.parquet"), "--store", str(self.folder / "store")]
        command += ["--output", str(self.output), *flags]
        if self.server is not None:
            base = {"base_url": self.server.url, "key_variable": "TEACHER_KEY", "attempts": 1, "patience_s": 1}
            command += ["--endpoint", json.dumps({**base, "prices": PRICES, "concurrency": 4, **(endpoint or {})})]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
        self.log = done.stdout + done.stderr
        assert "Traceback" not in self.log, self.log
        return done.returncode

    def rows(self) -> list[dict[str, Any]]:
        return pl.read_parquet(self.output).to_dicts()

    def stats(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "cots.stats.json").read_text())
        return found


@pytest.fixture
def stage(tmp_path: Path, server: Server) -> Stage:
    return Stage(tmp_path, server)


def problem(id: str, text: str | None = None, answer: str = "4") -> Problem:
    return Problem(id, text or id, answer)


def test_a_problem_is_asked_again_until_its_answer_is_right_and_no_longer(stage: Stage) -> None:
    """The fault server always answers 4, so problems whose answer is 5 are never right."""
    problems = [problem("a"), problem("b"), problem("never", answer="5")]
    assert stage.run(problems, draws=3) == 0
    assert [(row["id"], row["draw"], row["verdict"], row["kept"]) for row in stage.rows()] == [
        ("a", 0, "correct", True),
        ("b", 0, "correct", True),
        *(("never", draw, "wrong", False) for draw in range(3)),
    ]
    assert stage.rows()[0]["reasoning"] == "thinking about a"
    stats = stage.stats()
    assert (stats["in"], stats["out"], stats["dropped"]) == (3, 2, {"wrong": 1})
    assert stats["draws"] == 5 and stats["cost"] == pytest.approx(5 * 0.03)
    assert stats["cost_per_kept_trace"] == pytest.approx(5 * 0.03 / 2)
    assert stage.server is not None and stage.server.counts() == {"a": 1, "b": 1, "never": 3}


def test_more_draws_problems_and_a_killed_run_ask_only_for_what_is_missing(stage: Stage) -> None:
    assert stage.server is not None
    problems = [problem("a"), problem("never", answer="5")]
    asked = []
    for more, options in (
        (problems, {"draws": 1}),
        (problems, {"draws": 3}),
        ([problem("new"), *reversed(problems)], {"draws": 3}),
        (problems, {"draws": 3, "max_tokens": 500}),
        (problems, {"draws": 3, "top_p": 0.9}),
    ):
        before = len(stage.server.log())
        assert stage.run(more, **options) == 0
        asked.append(len(stage.server.log()) - before)
    assert asked == [2, 2, 1, 0, 4]


def test_offline_is_the_same_file_without_an_endpoint_or_names_what_is_missing(stage: Stage) -> None:
    problems = [problem(f"p{i}") for i in range(5)]
    stage.run(problems)
    online, stats = stage.output.read_bytes(), stage.stats()
    stage.output.unlink()
    stage.server = None
    assert stage.run(problems, "--offline") == 0
    assert stage.output.read_bytes() == online and stage.stats() == stats
    stage.output.unlink()
    assert stage.run([*problems, problem("lacking")], "--offline") == 2
    assert "1 responses of m are missing" in stage.log and "lacking" in stage.log
    assert not stage.output.exists()


def test_a_teacher_without_reasoning_is_noticed_at_the_first_responses(stage: Stage) -> None:
    assert stage.server is not None
    problems = [problem(f"p{i}", f"p{i} ~ plain") for i in range(50)]
    assert stage.run(problems) == 2
    assert "does not reason" in stage.log and "reasoning: false" in stage.log
    assert len(stage.server.log()) == 3, "the rest was not paid for"
    assert stage.run(problems, reasoning=False) == 0
    assert len(stage.server.log()) == 50, "and the three were not lost"
    assert all(row["kept"] for row in stage.rows())


def test_cut_off_unclosed_filtered_and_refused_traces_are_never_kept(stage: Stage) -> None:
    faults = {"cut": "length", "unclosed": "null_thinking", "filtered": "content_filter", "refused": "400"}
    problems = [problem("good"), *(problem(name, f"{name} ~ {fault}") for name, fault in faults.items())]
    assert stage.run(problems, endpoint={"concurrency": 1}) == 0
    why = {row["id"]: row["why_not"] for row in stage.rows()}
    assert why == {
        "good": None,
        "cut": "truncated",
        "unclosed": "truncated",
        "filtered": "content_filter",
        "refused": "http-400",
    }
    assert stage.stats()["dropped"] == {"truncated": 2, "content_filter": 1, "http-400": 1}


def test_gaps_fail_the_stage_unless_they_are_tolerated(stage: Stage) -> None:
    problems = [problem("a"), problem("gap", "gap ~ 500")]
    assert stage.run(problems) == 2
    assert "1 http-500: gap (draw 0)" in stage.log
    assert not stage.output.exists()
    assert stage.run(problems, tolerate_gaps=True) == 0
    assert [row["id"] for row in stage.rows()] == ["a"]
    assert stage.stats()["dropped"] == {"no response": 1} and stage.stats()["gaps"] == {"http-500": 1}


def test_a_spent_budget_ends_the_stage_and_a_larger_one_goes_on(stage: Stage) -> None:
    assert stage.server is not None
    problems = [problem(f"p{i}") for i in range(20)]
    assert stage.run(problems, endpoint={"max_cost": 0.3}) == 2
    assert "budget is used up" in stage.log and "max_cost" in stage.log
    bought = len(stage.server.log())
    assert 1 <= bought <= 10
    assert stage.run(problems, endpoint={"max_cost": 10}) == 0
    assert len(stage.server.log()) == 20


def test_the_forecast_asks_nothing_and_knows_what_was_paid(stage: Stage) -> None:
    assert stage.server is not None
    problems = [problem("a"), problem("b"), problem("never", answer="5"), problem("late")]
    stage.run(problems[:3], draws=2)
    before = len(stage.server.log())
    assert stage.run(problems, "--forecast", draws=4) == 0
    assert len(stage.server.log()) == before
    assert "4, 2 with a kept trace" in stage.log
    assert "2 now; at most 6" in stage.log  # `never` has two draws left, `late` four
    assert "0.12 spent" in stage.log
    assert "out 40, at most 600" in stage.log  # two at the mean of 20 tokens, six at 100


def test_two_problems_of_one_id_are_refused_and_equal_ones_are_one(stage: Stage) -> None:
    assert stage.run([problem("a"), problem("a", "another text")]) == 2
    assert "id 'a'" in stage.log
    assert stage.run([problem("a"), problem("a")]) == 0
    assert len(stage.rows()) == 1


def test_no_problems_give_an_empty_valid_file(stage: Stage) -> None:
    assert stage.run([]) == 0
    assert stage.rows() == [] and stage.stats()["out"] == 0


def test_the_key_is_in_nothing_that_a_run_writes_or_says(stage: Stage) -> None:
    """Every refusal of the fault server says the key that came with it."""
    logs = []
    for fault in ("ok", "400", "401", "403", "500", "429:0", "error_body:500"):
        stage.run([problem("a"), problem("b", f"b{fault} ~ {fault}")], endpoint={"patience_s": 0.2})
        logs.append(stage.log)
    assert "Bearer [key]" in "".join(logs)
    written = [path.read_bytes() for path in stage.folder.rglob("*") if path.is_file()]
    assert len(written) > 5
    assert not [text for text in [*written, *(log.encode() for log in logs)] if KEY.encode() in text]


def test_the_embedded_teacher_needs_nothing_and_draws_alike_in_any_run(tmp_path: Path) -> None:
    from orion.problems import arithmetic

    problems = [p for _, p in arithmetic.generate({"one-step": 10, "two-step": 10}, (2, 12), "0", False)]
    tables = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        stage = Stage(folder)
        assert stage.run(problems, source="embedded", model="scripted-r1", max_tokens=1024, draws=3) == 0
        tables.append(pl.read_parquet(stage.output))
        assert stage.stats()["out"] >= 19
    assert tables[0].equals(tables[1])


# Recorded traces

OPEN_R1 = [
    {"problem": "What is  2 + 2?", "generations": ["<think>\nmm\n</think>\n\n\\boxed{4}", "<think>\ncut off"]},
    {"problem": "What is 2 + 3?", "generations": ["<think>\nmm\n</think>\n\n\\boxed{6}"]},
    {"problem": "Another?", "generations": ["<think>\nmm\n</think>\n\n\\boxed{1}"]},
]


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_recorded_traces_enter_through_the_same_grading(tmp_path: Path, kind: str) -> None:
    table = pl.DataFrame(OPEN_R1)
    path = tmp_path / f"traces.{kind}"
    table.write_parquet(path) if kind == "parquet" else table.write_ndjson(path)
    stage = Stage(tmp_path)
    problems = [Problem("x", "What is 2 + 2?", "4"), Problem("y", "What is 2 + 3?", "5"), Problem("z", "Unseen?", "1")]
    assert stage.run(problems, source="file", model="", path=str(path)) == 0
    assert [(row["id"], row["draw"], row["verdict"], row["why_not"]) for row in stage.rows()] == [
        ("x", 0, "correct", None),
        ("x", 1, "wrong", "thinking not closed"),
        ("y", 0, "wrong", "wrong"),
    ]
    assert stage.stats()["dropped"] == {"wrong": 1, "no response": 1}


def test_recorded_columns_are_mapped_by_the_config(tmp_path: Path) -> None:
    rows = {"nr": ["1", "2"], "thought": ["mm", "mm"], "said": ["\\boxed{4}", "\\boxed{5}"], "end": ["stop", "length"]}
    pl.DataFrame(rows | {"problem": ["?", "?"]}).write_parquet(tmp_path / "traces.parquet")
    columns = {"id": "nr", "response": "said", "reasoning": "thought", "finish_reason": "end"}
    stage = Stage(tmp_path)
    problems = [Problem("1", "What is 2 + 2?", "4"), Problem("2", "What is 2 + 3?", "5")]
    path = str(tmp_path / "*.parquet").replace("*", "traces")
    assert stage.run(problems, source="file", model="r1", path=path, columns=columns) == 0
    assert [(row["reasoning"], row["kept"], row["why_not"]) for row in stage.rows()] == [
        ("mm", True, None),
        ("mm", False, "truncated"),
    ]


def test_a_missing_column_or_file_is_named(tmp_path: Path) -> None:
    pl.DataFrame({"problem": ["?"], "traces": [["x"]]}).write_parquet(tmp_path / "traces.parquet")
    stage = Stage(tmp_path)
    assert stage.run([problem("a")], source="file", model="", path=str(tmp_path / "traces.parquet")) == 2
    assert "no column 'generations'" in stage.log and "traces" in stage.log and "columns" in stage.log
    assert stage.run([problem("a")], source="file", model="", path=str(tmp_path / "none.parquet")) == 2
    assert "no such file" in stage.log


def test_traces_of_other_problems_are_no_traces(tmp_path: Path) -> None:
    pl.DataFrame(OPEN_R1).write_parquet(tmp_path / "traces.parquet")
    stage = Stage(tmp_path)
    assert stage.run([problem("a")], source="file", model="", path=str(tmp_path / "traces.parquet")) == 2
    assert "no trace of any of the 1 problems, which are found by their texts (column 'problem')" in stage.log
