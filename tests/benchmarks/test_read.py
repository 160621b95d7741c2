"""Benchmarks are data: known by name, pinned, counted; every malformed row is named by file, row and column."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from orion.benchmarks import read
from orion.benchmarks.entry import BenchmarkSource
from orion.benchmarks.known import KNOWN, kind_of, plain_number
from orion.benchmarks.read import load_benchmark
from orion.errors import UserError
from orion.types import Problem

GOOD = [{"id": "a", "problem": "1+1?", "answer": "2"}, {"id": "b", "problem": "2+2?", "answer": 4, "level": 1}]


def write(path: Path, rows: list[Any]) -> BenchmarkSource:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n")
    return BenchmarkSource(source="file", path=str(path))


def test_a_file_of_ones_own_becomes_problems(tmp_path: Path) -> None:
    loaded = load_benchmark(write(tmp_path / "mine.jsonl", GOOD), "mine")
    assert loaded.problems == [
        Problem("a", "1+1?", "2", source="mine"),
        Problem("b", "2+2?", "4", source="mine", level="1"),
    ]


def test_a_byte_order_mark_and_other_line_ends_do_no_harm(tmp_path: Path) -> None:
    text = "\r\n".join(json.dumps(row) for row in GOOD)
    (tmp_path / "mine.jsonl").write_bytes(b"\xef\xbb\xbf" + text.encode() + b"\r\n\r\n")
    source = BenchmarkSource(source="file", path=str(tmp_path / "mine.jsonl"))
    assert [p.id for p in load_benchmark(source, "mine").problems] == ["a", "b"]


def test_parquet_and_jsonl_are_alike(tmp_path: Path) -> None:
    rows = [row | {"answer": str(row["answer"])} for row in GOOD]
    pl.DataFrame(rows).write_parquet(tmp_path / "mine.parquet")
    parquet = BenchmarkSource(source="file", path=str(tmp_path / "mine.parquet"))
    assert load_benchmark(parquet, "mine") == load_benchmark(write(tmp_path / "mine.jsonl", rows), "mine")


def test_columns_are_mapped_and_missing_ids_counted(tmp_path: Path) -> None:
    source = write(tmp_path / "x.jsonl", [{"question": "?", "gold": 1}, {"question": "??", "gold": 2}])
    source = source.model_copy(update={"columns": {"problem": "question", "answer": "gold"}, "kind": "number"})
    first, second = load_benchmark(source, "x").problems
    assert (first.id, first.problem, first.answer, first.kind) == ("x-0000", "?", "1", "number")
    assert second.id == "x-0001"


@pytest.mark.parametrize(
    "rows, said",
    [
        ([GOOD[0], {"id": "b", "problem": "?"}], "row 2: no column 'answer'"),
        ([GOOD[0], {"id": "b", "problem": "?", "answer": ""}], "row 2, column answer: empty"),
        ([GOOD[0], {"id": "b", "problem": " ", "answer": "1"}], "row 2, column problem: empty"),
        ([GOOD[0], {"id": "b", "problem": ["?"], "answer": "1"}], "row 2, column problem: a text is expected"),
        ([GOOD[0], {"id": "b", "problem": "?", "answer": True}], "row 2, column answer: a text is expected"),
        ([GOOD[0], "{not json"], "row 2: not valid JSON"),
        ([GOOD[0], "[1]"], "row 2: a JSON object is expected"),
        ([GOOD[0], GOOD[0]], "id a stands there twice"),
    ],
)
def test_a_malformed_row_is_named(tmp_path: Path, rows: list[Any], said: str) -> None:
    with pytest.raises(UserError) as error:
        load_benchmark(write(tmp_path / "bad.jsonl", rows), "bad")
    assert said in str(error.value) and "bad.jsonl" in str(error.value)


def test_invalid_rows_can_be_dropped_and_are_counted(tmp_path: Path) -> None:
    source = write(tmp_path / "x.jsonl", [*GOOD, {"id": "c", "problem": "?", "answer": ""}])
    loaded = load_benchmark(source.model_copy(update={"invalid": "drop"}), "x")
    assert len(loaded.problems) == 2 and loaded.dropped == {"invalid": 1}


def test_files_that_cannot_be_read_are_said(tmp_path: Path) -> None:
    for path, said in ((tmp_path / "none.jsonl", "no such file"), (tmp_path, "give a .jsonl or .parquet")):
        with pytest.raises(UserError, match=said):
            load_benchmark(BenchmarkSource(source="file", path=str(path)), "x")
    (tmp_path / "latin.jsonl").write_bytes('{"problem": "é"}'.encode("latin-1"))
    with pytest.raises(UserError, match="UTF-8"):
        load_benchmark(BenchmarkSource(source="file", path=str(tmp_path / "latin.jsonl")), "x")


def test_a_sample_is_seeded_and_keeps_the_order(tmp_path: Path) -> None:
    source = write(tmp_path / "x.jsonl", [{"id": f"{i:03}", "problem": f"{i}?", "answer": i} for i in range(100)])
    one = load_benchmark(source.model_copy(update={"sample": 10}), "x")
    ids = [problem.id for problem in one.problems]
    assert ids == sorted(ids) and len(ids) == 10 and one.dropped == {"not sampled": 90}
    assert load_benchmark(source.model_copy(update={"sample": 10}), "x") == one
    assert load_benchmark(source.model_copy(update={"sample": 10, "seed": 1}), "x") != one


@pytest.mark.parametrize(
    "bad",
    [
        {"source": "file"},
        {"source": "hub"},
        {"source": "file", "path": "x", "name": "aime24"},
        {"source": "known", "hub": "a/b"},
        {"source": "file", "path": "x", "seed": 1},
        {"source": "file", "path": "x", "colums": {}},
    ],
)
def test_entries_that_make_no_sense_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        BenchmarkSource.model_validate(bad)


def test_every_known_benchmark_is_pinned_to_a_commit() -> None:
    assert {
        "aime24",
        "aime25",
        "amc23",
        "math500",
        "gsm8k",
        "gsm-hard",
        "olympiadbench",
        "minerva",
        "bbh",
        "agieval",
    } <= {*KNOWN} and {"arc-easy", "arc-challenge"} <= {*KNOWN}
    for entry in KNOWN.values():
        assert len(entry.revision) == 40 and int(entry.revision, 16)


def test_known_names_forgive_spelling_and_suggest() -> None:
    assert read.known_name("GSM-Hard") == read.known_name("gsm_hard") == "gsm-hard"
    with pytest.raises(UserError, match="did you mean aime25"):
        load_benchmark(BenchmarkSource(source="known"), "aime26")


RAW = {  # a row as the source has it -> what becomes of it
    "math500": ({"problem": "?", "answer": "2", "unique_id": "test/1"}, {"id": "test/1", "kind": "math"}),
    "aime24": ({"id": 60, "problem": "?", "answer": "025"}, {"id": "60", "answer": "25", "kind": "number"}),
    "amc23": ({"id": 0, "question": "?", "answer": 27.0}, {"problem": "?", "answer": "27"}),
    "gsm8k": (
        {"question": "?", "answer": "2*500=<<2*500=1000>>1000\n#### 1,000"},
        {"id": "gsm8k-0000", "answer": "1000", "solution": "2*500=<<2*500=1000>>1000"},
    ),
    "gsm-hard": ({"input": "?", "code": "...", "target": 3.509e-07}, {"answer": "0.0000003509", "kind": "number"}),
    "olympiadbench": (
        {"id": 1606, "question": "?", "final_answer": ["$2$"], "solution": ["s"], "subfield": "Algebra"},
        {"id": "olympiadbench/1606", "answer": "2", "solution": "s", "subject": "Algebra", "kind": "math"},
    ),
    "minerva": ({"question": "?", "answer": "1.6"}, {"problem": "?", "answer": "1.6", "kind": "math"}),
    "arc-easy": (
        {"id": "q", "question": "?", "choices": {"text": ["x", "y"], "label": ["A", "B"]}, "answerKey": "B"},
        {"problem": "Question: ?\nOptions:\n(A) x\n(B) y", "answer": "(B)", "kind": "choice"},
    ),
}


@pytest.mark.parametrize("name", RAW)
def test_rows_of_known_benchmarks_become_problems(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw, expected = RAW[name]
    asked: list[Any] = []

    def hub(*arguments: Any, **more: Any) -> Any:
        asked.append(arguments)
        return [("row 1", raw)]

    monkeypatch.setattr(read, "_hub_rows", hub)
    with pytest.raises(UserError, match=f"1 rows, but {name} has {KNOWN[name].rows}"):
        load_benchmark(BenchmarkSource(source="known"), name)
    (problem,) = load_benchmark(BenchmarkSource(source="known", rows=1), name).problems
    assert problem._asdict() | expected == problem._asdict()
    assert asked[0] == (KNOWN[name].where, KNOWN[name].config, KNOWN[name].split, KNOWN[name].revision)


@pytest.mark.parametrize(
    "name, raw, expected",
    [
        ("bbh", {"input": "True and False is", "target": "False"}, {"answer": "False", "kind": "text"}),
        (
            "agieval",
            {"passage": None, "question": "?", "options": ["(A)x", "(B)y"], "label": "A", "answer": None},
            {"problem": "?\nOptions:\n(A)x\n(B)y", "answer": "(A)", "kind": "choice"},
        ),
    ],
)
def test_benchmarks_in_parts_keep_them_as_subjects(
    name: str, raw: dict[str, Any], expected: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    files: list[str] = []

    def hub(*arguments: Any, data_files: str, field: str | None) -> Any:
        files.append(data_files)
        return [("row 1", raw)]

    monkeypatch.setattr(read, "_hub_rows", hub)
    parts = KNOWN[name].parts
    problems = load_benchmark(BenchmarkSource(source="known", rows=len(parts)), name).problems
    assert [problem.subject for problem in problems] == list(parts)
    assert problems[0]._asdict() | expected == problems[0]._asdict()
    assert all(KNOWN[name].revision in file for file in files)


def test_an_unreachable_hub_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    def unreachable(*_: Any, **__: Any) -> None:
        raise ConnectionError("Couldn't reach the Hub")

    monkeypatch.setattr(datasets, "load_dataset", unreachable)
    with pytest.raises(UserError, match="give the file as 'path'"):
        load_benchmark(BenchmarkSource(source="known"), "aime24")


@pytest.mark.parametrize(
    "given, plain", [("025", "25"), ("-0012.50", "-12.50"), ("27.0", "27"), (1e-7, "0.0000001"), ("x = 3", "x = 3")]
)
def test_numbers_are_written_plainly(given: Any, plain: str) -> None:
    assert plain_number(given) == plain


def test_the_form_of_an_answer_tells_its_kind() -> None:
    kinds = {"(B)": "choice", "] ) >": "brackets", "-35": "number", "Yes": "text", "valid": "text"}
    assert {answer: kind_of(answer) for answer in kinds} == kinds
