"""`python -m orion.show`: every artifact readable, a row's whole lineage, and nothing that steers the terminal."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from orion.errors import UserError
from orion.files import write_json, write_table
from orion.show.__main__ import show
from orion.show.text import brief, grid, visible
from tests.analysis.folder import write_study
from tests.explorer.pages import write_judged


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_study(tmp_path_factory.mktemp("study"))


def shown(path: Path, id: str | None = None, lineage: bool = False) -> str:
    return "\n".join(show(path, id, lineage, 5, 100))


def test_every_artifact_of_a_study_is_shown(results: Path):
    paths = [path for path in results.rglob("*") if path.is_file()]
    assert len(paths) > 10
    for path in paths:
        assert shown(path), path


def test_an_overview_has_rows_columns_and_counts(results: Path):
    text = shown(results / "student/refined/error-and-cot.parquet")
    assert "2 rows" in text
    assert "False 1" in text and "True 1" in text and "mentions-reference 1" in text


def test_a_rewrite_leads_to_the_error_the_cot_and_the_problem(results: Path):
    text = shown(results / "student/refined/error-and-cot.parquet", "train-0", True)
    steps = [line for line in text.splitlines() if line.startswith("<-")]
    assert [step.split(" (")[0] for step in steps] == [
        "<- the student's error",
        "<- the teacher's CoT",
        "<- the problem",
    ]
    assert "It is 5" in text and "Wait, yes." in text


def test_training_rows_of_duals_and_edits_lead_to_what_the_teacher_wrote(tmp_path: Path):
    results = write_study(tmp_path)
    dual = {"id": "train-0", "right": "4", "wrong": "5", "right_key": "cot0", "wrong_key": "dual0", "kept": True}
    write_table(results / "teacher/scripted/duals.parquet", pl.DataFrame([dual]))
    edited = {"id": "train-1", "response": "Let me check.", "key": "edit1", "cot_key": "cot1", "kept": True}
    write_table(results / "teacher/scripted/edited/verify.parquet", pl.DataFrame([edited]))
    rows = [("train-0", "4", "5", ["cot0", "dual0"]), ("train-1", "Let me check.", None, ["edit1", "cot1"])]
    training_set = results / "student/edit/seed0/krsl.training_set.parquet"
    write_table(training_set, pl.DataFrame(rows, ["id", "completion", "rejected", "sources"], orient="row"))

    def steps(id: str) -> list[str]:
        lines = shown(training_set, id, True).splitlines()
        return [line.split(" (")[0].removeprefix("<- ") for line in lines if line.startswith("<-")]

    assert steps("train-0") == ["the teacher's CoT", "the teacher's dual", "the problem"]
    assert steps("train-1") == ["the teacher's edited CoT", "the teacher's CoT", "the problem"]


def test_a_score_leads_through_samples_and_training_rows_to_the_teachers_response(results: Path):
    text = shown(results / "student/orion/seed0/scores.parquet", "bench-2", True)
    places = [
        text.index(step)
        for step in (
            "sample 0 of bench",
            "trained on 1 rows",
            "the student's rewrite",
            "the student's error",
            "the teacher's CoT",
        )
    ]
    assert places == sorted(places)
    assert "Wait, yes." in text[places[-1] :]


def test_a_row_is_found_by_its_key(results: Path):
    text = shown(results / "student/orion/seed0/bench/sampled.parquet", "orion-2-1")
    assert "row 1 of 1" in text and "draw=1" in text


def test_the_beginning_of_a_key_will_do(results: Path):
    path = results / "student/refined/error-and-cot.parquet"
    assert "row 1 of 1" in shown(path, "refined0")
    write_table(path.parent / "long.parquet", pl.read_parquet(path).with_columns(key=pl.col("key") + "0" * 56))
    assert "row 1 of 1" in shown(path.parent / "long.parquet", "refined1")
    with pytest.raises(UserError, match="no row with id or key 'refine'"):
        shown(path.parent / "long.parquet", "refine")
    (path.parent / "long.parquet").unlink()


def test_scores_stand_with_their_intervals(results: Path):
    path = results / "student/orion/seed0/scores.parquet"
    about = {"student": "student", "method": "orion", "seed": "0"}
    write_table(path, pl.read_parquet(path), about)
    text = shown(path)
    assert re.search(r"bench +sampled +50\.0 +\[\d+\.\d, \d+\.\d\] +4 +2 +0\.0%", text)
    assert "evaluation student orion seed 0" in text


def test_statistics_say_what_was_dropped_and_why(tmp_path: Path):
    write_json(tmp_path / "x.stats.json", {"in": 9, "out": 3, "dropped": {"odd": 1, "cut-off": 5}, "more": {"a": 0.5}})
    lines = shown(tmp_path / "x.stats.json").splitlines()
    assert lines[0].endswith("kept 3 of 9 (33.3%)")
    assert [line.split() for line in lines[1:3]] == [["5", "cut-off"], ["1", "odd"]]
    assert lines[4:] == ["more", "  a   0.5"]


def test_wide_tables_are_turned_or_follow_in_blocks():
    columns = ["student", "method", *(f"benchmark {n} Acc@1" for n in range(12))]
    few = list(grid(columns, [["s", "orion", *["50.0"] * 12]], 60))
    assert len(few) == 14 and few[2].split() == ["benchmark", "0", "Acc@1", "50.0"]
    many = list(grid(columns, [["s", f"method-{n}", *["50.0"] * 12] for n in range(20)], 60))
    assert max(map(len, many)) <= 60
    assert sum(line.startswith("s        method-7") for line in many) == many.count("") + 1, "names stand in each block"
    assert sum(line.count("benchmark") for line in many) == 12


def test_tables_in_markdown_are_aligned(tmp_path: Path):
    (tmp_path / "t.md").write_text("| A | B |\n| --- | ---: |\n| x \\| y | **1.0**<br>[0.5, 2.0] |\n\nA caption.\n")
    assert shown(tmp_path / "t.md").splitlines() == ["A      B", "x | y  *1.0* [0.5, 2.0]", "", "A caption."]
    (tmp_path / "t.md").write_text("| --- |\n|\n| a | b |\n| --- | --- |\n| c |\n")
    assert shown(tmp_path / "t.md")


def test_weights_are_counted_without_loading_them(tmp_path: Path):
    header = {"__metadata__": {}, **{f"l{n}.lora_A.weight": {"dtype": "F32", "shape": [2, 3]} for n in range(4)}}
    text = json.dumps(header).encode()
    (tmp_path / "a.safetensors").write_bytes(len(text).to_bytes(8, "little") + text)
    said = shown(tmp_path / "a.safetensors")
    assert "4 tensors, 24 numbers" in said and re.search(r"4 +F32 +lora_A +\[2, 3\]", said)
    (tmp_path / "b.safetensors").write_bytes(b"x" * 20)
    with pytest.raises(UserError, match="no readable safetensors file"):
        shown(tmp_path / "b.safetensors")


def test_a_judgement_leads_to_the_sample_that_was_judged(results: Path):
    write_judged(results)
    text = shown(results / "analysis/student/judged/errors.parquet", "train-1", True)
    steps = [line.split(" (")[0] for line in text.splitlines() if line.startswith("<-")]
    assert steps == ["<- the student's error", "<- the problem"]
    text = shown(results / "analysis/student/judged/errors.parquet", "vanilla-2-1", True)
    assert "<- the policy's answer (student/vanilla/seed0/bench/sampled.parquet)" in text


def test_model_output_cannot_steer_the_terminal(tmp_path: Path):
    hostile = write_study(tmp_path, ["\x1b[2J\x1b]0;owned\x07gone \u202eesrever \u2066x\u2069 \r\b 5"])
    for path in ("student/errors.parquet", "student/refined/error-and-cot.parquet"):
        for text in (shown(hostile / path), shown(hostile / path, "train-0", True)):
            assert not set(text) & set("\x1b\x07\r\b\u202e\u2066\u2069")
    assert r"\x1b[2J" in shown(hostile / "student/errors.parquet", "train-0")


def test_visible_keeps_what_is_harmless():
    text = "ünï\n\t∀x ∈ ℝ: x² ≥ 0"
    assert visible(text) == text
    assert brief("a\nb " * 50, 10) == "a b a b a…"


def test_errors_say_what_to_do(results: Path, tmp_path: Path):
    with pytest.raises(UserError, match="no row with id or key 'nobody'; ids here are such as train-0"):
        shown(results / "student/errors.parquet", "nobody")
    with pytest.raises(UserError, match="no such file"):
        shown(tmp_path / "missing.parquet")
    (tmp_path / "bad.parquet").write_text("no parquet")
    with pytest.raises(UserError, match="not a readable parquet file"):
        shown(tmp_path / "bad.parquet")


def test_the_program_ends_quietly_when_its_reader_leaves(results: Path):
    command = f"{sys.executable} -m orion.show {results}/student/errors.parquet --rows 2 | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert "2 rows" in done.stdout and "Traceback" not in done.stderr
