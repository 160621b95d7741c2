"""Scores come from complete samples only, and keep what the metrics need."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from orion.errors import UserError
from orion.files import write_table
from orion.scores import score_files, score_samples

PROBLEMS = pl.DataFrame(
    {"id": ["a", "b"], "problem": ["?", "?"], "answer": ["1", "2"], "subject": ["algebra", None], "level": [3, 4]}
)


def sample(id: str, draw: int, answer: str | None, gold: str, **more: Any) -> dict[str, Any]:
    verdict = "correct" if answer == gold else "wrong"
    return {"id": id, "draw": draw, "answer": answer, "verdict": verdict, "completion_tokens": 10 + draw} | {
        "truncated": False, "prompt_tokens": 5
    } | more  # fmt: skip


SAMPLES = pl.DataFrame(
    [
        sample("a", 0, "1", "1"),
        sample("a", 1, "7", "1", truncated=True),
        sample("a", 2, "7.0", "1"),
        sample("b", 0, None, "2"),
        sample("b", 1, "3", "2", verdict="unverified"),
        sample("b", 2, "2", "2"),
    ]
)


def test_a_problem_keeps_its_counts() -> None:
    a, b = score_samples(SAMPLES, PROBLEMS, "samples").to_dicts()
    assert (a["n"], a["c"], a["truncated"], a["no_answer"], a["completion_tokens"]) == (3, 1, 1, 0, 33)
    assert (b["n"], b["c"], b["no_answer"], b["unverified"]) == (3, 1, 1, 1)
    assert a["correct"] == [True, False, False] and a["tokens"] == [10, 11, 12]
    assert (a["subject"], a["level"], b["subject"]) == ("algebra", "3", None)


def test_equivalent_answers_share_a_class_and_silence_has_none() -> None:
    a, b = score_samples(SAMPLES, PROBLEMS, "samples").to_dicts()
    assert a["answer_class"][0] == 0 and a["answer_class"][1] == a["answer_class"][2] > 0  # 7 is 7.0
    assert b["answer_class"] == [-1, 1, 0]


def test_rows_in_any_order_give_the_same_scores() -> None:
    shuffled = SAMPLES.sample(fraction=1, shuffle=True, seed=3)
    assert score_samples(shuffled, PROBLEMS, "s").equals(score_samples(SAMPLES, PROBLEMS, "s"))


def test_a_missing_sample_is_an_error_and_never_a_zero() -> None:
    with pytest.raises(UserError, match="problem b, draw 1; a missing sample is no wrong answer"):
        score_samples(SAMPLES.filter((pl.col("id") != "b") | (pl.col("draw") != 1)), PROBLEMS, "samples")
    with pytest.raises(UserError, match="3 of 6 samples are missing"):
        score_samples(SAMPLES.filter(pl.col("id") == "a"), PROBLEMS, "samples")
    with pytest.raises(UserError, match="draw 3"):
        score_samples(SAMPLES, PROBLEMS, "samples", draws=4)


def test_samples_that_fit_no_problem_are_errors() -> None:
    with pytest.raises(UserError, match="not in the problems file"):
        score_samples(SAMPLES, PROBLEMS.head(1), "samples")
    with pytest.raises(UserError, match="twice"):
        score_samples(pl.concat([SAMPLES, SAMPLES.head(1)]), PROBLEMS, "samples")
    with pytest.raises(UserError, match="outside"):
        score_samples(SAMPLES, PROBLEMS, "samples", draws=2)


def test_files_bring_their_names_and_provenance(tmp_path: Path) -> None:
    samples, problems = tmp_path / "aime24" / "sampled.parquet", tmp_path / "problems" / "aime24.parquet"
    write_table(samples, SAMPLES, {"student": "s", "method": "orion", "seed": 1, "engine": "transformers", "draws": 3})
    write_table(problems, PROBLEMS)
    scores, metadata = score_files([samples], [problems])
    assert scores["benchmark"].unique().to_list() == ["aime24"] and scores["decoding"].unique().to_list() == ["sampled"]
    assert (metadata["student"], metadata["method"], metadata["seed"]) == ("s", "orion", "1")
    assert metadata["runs"] == [{"benchmark": "aime24", "decoding": "sampled", "draws": 3, "engine": "transformers"}]


def test_a_scores_file_is_of_one_adapter(tmp_path: Path) -> None:
    for name, method in (("one", "orion"), ("two", "vanilla")):
        write_table(tmp_path / "b" / f"{name}.parquet", SAMPLES, {"student": "s", "method": method, "seed": 0})
    write_table(tmp_path / "p" / "b.parquet", PROBLEMS)
    with pytest.raises(UserError, match="its method is vanilla"):
        score_files([tmp_path / "b" / "one.parquet", tmp_path / "b" / "two.parquet"], [tmp_path / "p" / "b.parquet"])
