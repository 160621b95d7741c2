"""A run says which of a paper's claims it supports, contradicts or cannot decide, and does not pretend to the rest."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from orion.tables import layout
from orion.tables.claims import claims, markdown, published_claims
from orion.tables.comparison import make_table
from orion.tables.config import ScoreTable
from orion.tables.paper import published, reference, same_name
from orion.tables.results import read_scores

Make = Callable[..., Path]
METHODS = ["vanilla", "sft-long-cot", "orion"]
SPEC = ScoreTable(methods=METHODS, decoding="sampled", paper="ORION")


def found(files: list[Path]) -> dict[tuple[str, str], dict[str, Any]]:
    rows = claims(make_table(SPEC, read_scores(files)))
    return {(row["second"], row["paper benchmark"]): row for row in rows}


def test_the_reference_is_complete_and_says_its_source() -> None:
    assert len(reference()) == 67 and all("arXiv" in row.source for row in reference())
    assert same_name("Qwen/Qwen3-8B", "qwen3-8b") and not same_name("Qwen3-8B", "Qwen2.5-7B-Instruct")
    row = published("ORION", "qwen3-8b", "sft-long-cot", "gsm-hard", "Acc@1")
    assert row and row.value == 59.27


def test_a_papers_claims_are_its_method_against_each_arm() -> None:
    by_arm = {(c.other.recipe, c.ours.benchmark): round(c.difference, 2) for c in published_claims("ORION")}
    assert by_arm["sft-long-cot", "AIME24"] == 3.34 and by_arm["vanilla", "Average"] == 4.68
    assert ("orion-no-error", "AIME24") not in by_arm  # printed as equal: no claim
    assert published_claims("EDIT") and published_claims("SuperCorrect")


def test_verdicts_follow_the_test(make_scores: Make) -> None:
    right = {"vanilla": {"math500": [2, 3] * 50, "aime24": [5, 4] * 15}}
    right["orion"] = {"math500": [8, 9] * 50, "aime24": [4, 5] * 15}
    right["sft-long-cot"] = {"math500": [10, 10] * 50, "aime24": [4, 5] * 15}
    rows = found([make_scores(m, right[m], student="Qwen3-8B") for m in METHODS])
    assert rows["vanilla", "MATH500"]["verdict"] == "supported"
    assert rows["sft-long-cot", "MATH500"]["verdict"] == "contradicted"
    assert rows["vanilla", "AIME24"]["verdict"] == "undecided"
    assert rows["vanilla", "GSM-Hard"]["verdict"] == "not run"
    assert rows["orion-no-error", "MATH500"]["verdict"] == "not run"
    assert rows["vanilla", "MATH500"]["setting"] == ""
    assert rows["vanilla", "Average"]["setting"] == "other benchmarks"


def test_the_table_says_how_the_claims_fared(make_scores: Make) -> None:
    right = {"vanilla": [2, 3] * 50, "orion": [8, 9] * 50, "sft-long-cot": [10, 10] * 50}
    made = make_table(SPEC, read_scores([make_scores(m, {"math500": right[m]}, student="Qwen3-8B") for m in METHODS]))
    text = layout.markdown(made)
    assert "claims of the ORION paper, each put to a paired test (other benchmarks), this run supports 2, contr" in text
    assert "contradicts 2 and cannot decide 0; 15 are about benchmarks or arms" in text and "main.claims.md" in text
    assert "claims of" not in layout.markdown(make_table(SPEC.model_copy(update={"paper": None}), made.cells))


def test_another_student_is_said_to_be_one(make_scores: Make) -> None:
    files = [make_scores(m, {"math500": [2, 3] * 20}, student="smollm2") for m in METHODS]
    rows = found(files)
    assert rows["vanilla", "MATH500"]["setting"] == "other student"
    text = markdown(list(rows.values()))
    assert "other student" in text and "undecided" in text and "more claims" in text
