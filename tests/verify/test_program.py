"""`python -m orion.verify INPUT OUTPUT`: both formats, the summary, and one clear sentence for bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

ROOT = Path(__file__).resolve().parents[2]
ROWS = [
    {"id": "a", "gold": "1/2", "output": "<think>?</think>It is \\boxed{0.5}."},
    {"id": "b", "gold": "(B)", "output": "The answer is (C).", "kind": "choice"},
    {"id": "c", "gold": "42", "output": "\\boxed{9^{9^{9^9}}}"},
    {"id": "d", "gold": 7, "prediction": "7.0"},
    {"id": "e", "gold": "7", "output": None},
]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "orion.verify", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


def write(path: Path, rows: list[object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_every_row_is_written_with_its_verdict(tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    result = run(write(tmp_path / "in.jsonl", list(ROWS)), output)
    assert result.returncode == 0, result.stderr
    rows = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert [row["verdict"] for row in rows] == ["correct", "wrong", "unverified", "correct", "wrong"]
    assert [row["answer"] for row in rows] == ["0.5", "(C)", "9^{9^{9^9}}", "7.0", None]
    assert [row["how"] for row in rows] == [
        "boxed:rational",
        "declared:choice",
        "boxed:value",
        "given:rational",
        "empty",
    ]
    assert rows[2]["reason"] and rows[0]["reason"] is None
    assert rows[0]["id"] == "a" and rows[0]["output"] == ROWS[0]["output"]
    assert "5 rows graded" in result.stdout and "unverified" in result.stdout


def test_parquet_in_and_out_with_the_policy_in_its_metadata(tmp_path: Path) -> None:
    pl.DataFrame({"gold": ["35", "35"], "output": ["\\boxed{35\\%}", "#### 35"]}).write_parquet(tmp_path / "in.parquet")
    output = tmp_path / "out.parquet"
    result = run(tmp_path / "in.parquet", output, "--spec", '{"percent": "value"}')
    assert result.returncode == 0, result.stderr
    assert pl.read_parquet(output)["verdict"].to_list() == ["wrong", "correct"]
    assert json.loads(pl.read_parquet_metadata(output)["orion"])["grading"]["percent"] == "value"


def test_an_empty_file_is_graded(tmp_path: Path) -> None:
    result = run(write(tmp_path / "in.jsonl", []), tmp_path / "out.parquet")
    assert result.returncode == 0, result.stderr
    assert pl.read_parquet(tmp_path / "out.parquet").height == 0


def test_the_comparison_lists_what_math_verify_judges_otherwise(tmp_path: Path) -> None:
    rows = [{"gold": "1/2004!", "prediction": "1/2006!"}, {"gold": "3", "prediction": "3"}]
    result = run(write(tmp_path / "in.jsonl", list(rows)), tmp_path / "out.jsonl", "--compare", "math-verify")
    assert result.returncode == 0, result.stderr
    assert "1 of 2 rows are judged otherwise" in result.stdout
    assert "row 1: gold '1/2004!', answer '1/2006!'" in result.stdout


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ('{"gold": "1", "output": "1"}\n{"gold": "1"\n', "row 2: not JSON"),
        ('{"output": "1"}\n', "row 1: no `gold`"),
        ('{"gold": "1", "output": "1"}\n\n{"gold": "1"}\n', "row 3: neither `output` nor `prediction`"),
        ('["1", "1"]\n', "row 1: a list"),
        ('{"gold": ["1"], "output": "1"}\n', "row 1: `gold` is"),
        ('{"gold": "1", "output": {"a": 1}}\n', "row 1: `output` is"),
        ('{"gold": "1", "output": "1", "kind": "maths"}\n', "row 1: unknown kind 'maths'"),
    ],
)
def test_malformed_input_is_refused_with_file_and_row(tmp_path: Path, lines: str, says: str) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(lines, encoding="utf-8")
    result = run(path, tmp_path / "out.jsonl")
    assert result.returncode == 2
    assert result.stderr.startswith(f"error: {path}: {says}") and result.stderr.count("\n") == 1
    assert not (tmp_path / "out.jsonl").exists()


def test_bad_arguments_are_refused(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", list(ROWS))
    for arguments, says in (
        ([tmp_path / "none.jsonl", tmp_path / "out.jsonl"], "No such file"),
        ([source, tmp_path / "out.csv"], "neither .jsonl nor .parquet"),
        ([source, tmp_path / "out.jsonl", "--spec", '{"percnt": 1}'], "percnt"),
        ([source, tmp_path / "out.jsonl", "--spec", "{"], "--spec"),
    ):
        result = run(*arguments)
        assert result.returncode == 2 and says in result.stderr and "Traceback" not in result.stderr
    (tmp_path / "bad.jsonl").write_bytes(b'{"gold": "\xff"}\n')
    assert "not UTF-8" in run(tmp_path / "bad.jsonl", tmp_path / "out.jsonl").stderr
    (tmp_path / "bad.parquet").write_bytes(b"no parquet")
    assert "not a readable parquet" in run(tmp_path / "bad.parquet", tmp_path / "out.jsonl").stderr
