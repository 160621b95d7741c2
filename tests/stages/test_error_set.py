"""The error set: different wrong answers, nothing that is no error, every loss counted by its reason."""

from pathlib import Path

import polars as pl

from orion import samples
from orion.error_set import ErrorSetSpec, build, labels


def sample(id, answer, verdict, draw=0, **more):
    blank = dict.fromkeys(samples.schema())
    text = f"so it is {answer}"
    return blank | {
        "id": id, "draw": draw, "response": text, "answer": answer, "verdict": verdict, "finish_reason": "stop",
        "truncated": False, "key": f"{id}/{draw}/{answer}",
    } | more  # fmt: skip


def exposure(*rows):
    return samples.table(rows)


def test_wrong_answers_are_kept_once_a_problem_and_answer():
    errors, stats = build(
        {
            "t0.2": exposure(sample("p", "3", "wrong"), sample("p", "4", "correct"), sample("q", "3", "wrong")),
            "t1": exposure(sample("p", "3", "wrong", 1), sample("p", "5", "wrong", 2)),
        },
        ErrorSetSpec(),
    )
    assert errors.select("id", "answer", "temperature").rows() == [
        ("p", "3", "t0.2"), ("q", "3", "t0.2"), ("p", "5", "t1")
    ]  # fmt: skip
    assert stats["in"] == 5 and stats["out"] == 3
    assert stats["dropped"] == {"correct": 1, "same-wrong-answer": 1}
    assert stats["problems_with_errors"] == 2 and stats["coverage"] == 1.0


def test_files_of_one_name_are_told_apart_by_their_folders():
    assert labels([Path("train/t0.4.parquet"), Path("train/t1.parquet")]) == ["t0.4", "t1"]
    assert labels([Path("a/greedy.parquet"), Path("b/greedy.parquet")]) == ["a/greedy", "b/greedy"]


def test_unfinished_samples_are_no_errors_unless_asked_for():
    rows = exposure(
        sample("p", None, "wrong"),
        sample("q", "3", "wrong", truncated=True, finish_reason="length"),
        sample("r", "3", "unverified"),
    )
    errors, stats = build({"t1": rows}, ErrorSetSpec())
    assert errors.is_empty()
    assert stats["dropped"] == {"cut-off": 1, "no-answer": 1, "unverified": 1}
    errors, _ = build({"t1": rows}, ErrorSetSpec(keep_unfinished=True))
    assert errors["id"].to_list() == ["p", "q"]


def test_no_errors_at_all_is_a_valid_file():
    errors, stats = build({"t1": exposure(sample("p", "4", "correct"))}, ErrorSetSpec())
    assert errors.is_empty() and "temperature" in errors.columns
    assert errors.schema["key"] == pl.String
    assert stats["coverage"] == 0.0
