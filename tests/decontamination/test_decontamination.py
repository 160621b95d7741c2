"""No training problem is in a benchmark: what is the same is found and reported, and what is not stays."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion.decontamination import Decontamination, Item, Pair, Text, find_pairs, ngrams, similarity
from orion.files import read_metadata, write_table

SHARED = Path(os.environ.get("ORION_SHARED") or Path(__file__).resolve().parents[2].parent / "shared") / "data"
QUESTION = "A shop sells pens at two dollars each and pays five dollars rent a day; how many pens must it sell a day?"
needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="no local copies of the benchmarks")


def pairs(train: str, benchmark: str, **spec: Any) -> list[Pair]:
    return list(find_pairs([("t", train)], [Item("bench", "b", benchmark)], Decontamination(**spec)))


def how(train: str, benchmark: str, **spec: Any) -> str | None:
    found = pairs(train, benchmark, **spec)
    return found[0].how if found else None


@pytest.mark.parametrize(
    "train, benchmark",
    [
        ("What is $1 + 1$?", "What is 1+1?"),
        (r"Find $\dfrac{1}{2}$ of  $\left( 4 \right)$.", r"find $\frac{1}{2}$ of $(4)$."),
        ("It’s “x” – 1", 'It\'s "x" - 1'),
    ],
)
def test_spaces_case_and_typesetting_do_not_hide_a_copy(train: str, benchmark: str) -> None:
    assert how(train, benchmark) == "exact"


def test_signs_tell_problems_apart() -> None:
    first, second = (f"Factor $z^4 {sign} z^2 + 1$ into quadratics with integer coefficients." for sign in "+-")
    assert how(first, second, near=0) is None
    assert Text.of(first).exact != Text.of(second).exact


def test_thirteen_words_in_a_row_are_too_many() -> None:
    words = QUESTION.split()
    assert how("Yesterday: " + " ".join(words[:13]) + " or not", QUESTION, near=0) == "13-gram"
    assert how("Yesterday: " + " ".join(words[:12]) + " or not", QUESTION, near=0) is None
    (pair,) = pairs("Yesterday: " + QUESTION + " Why?", QUESTION, near=0)
    assert pair.shared.startswith("a shop sells pens at two dollars")


def test_a_near_duplicate_is_the_same_template() -> None:
    train = QUESTION.replace("two", "three").replace("five", "ten")
    assert how(train, QUESTION, ngram=0, near=0.3) == "near duplicate"
    assert how(train, QUESTION, ngram=0, near=0.9) is None
    assert how(train, QUESTION, ngram=0, near=0) is None


@given(st.lists(st.sampled_from("abcdefgh"), max_size=40), st.lists(st.sampled_from("abcdefgh"), max_size=40))
def test_minhash_misses_nothing_clearly_above_the_threshold(first: list[str], second: list[str]) -> None:
    true = similarity(Text.of(" ".join(first)).grams, Text.of(" ".join(second)).grams)
    found = pairs(" ".join(first), " ".join(second), ngram=0, near=0.4)
    if true >= 0.6:
        assert found
    if true < 0.4:
        assert not found or found[0].how == "exact"


def test_short_texts_are_compared_as_a_whole() -> None:
    assert ngrams(["a", "b"], 5) == {("a", "b")} and ngrams([], 5) == set()


def test_the_program_drops_reports_and_counts(tmp_path: Path) -> None:
    train = pl.DataFrame({"id": ["a", "b", "c"], "problem": ["1 + 1?", QUESTION + " Why?", "Another?"], "answer": "1"})
    write_table(tmp_path / "train.parquet", train, {"source": "x"})
    write_table(tmp_path / "bench.parquet", pl.DataFrame({"id": ["p", "q"], "problem": ["1+1?", QUESTION]}))
    command = [sys.executable, "-m", "orion.decontamination", "--problems", tmp_path / "train.parquet"]
    command += ["--benchmarks", tmp_path / "bench.parquet", "--output", tmp_path / "out.parquet"]
    command += ["--report", tmp_path / "pairs.csv", "--stats", tmp_path / "stats.json"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    kept = pl.read_parquet(tmp_path / "out.parquet")
    assert kept.equals(train.filter(pl.col("id") == "c"))
    assert read_metadata(tmp_path / "out.parquet")["decontamination"] == {"ngram": 13, "near": 0.8}
    stats = json.loads((tmp_path / "stats.json").read_text())
    assert stats == {"in": 3, "out": 1, "dropped": {"exact": 1, "13-gram": 1}, "pairs": {"bench": 2}}
    with (tmp_path / "pairs.csv").open() as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert rows["a"]["benchmark_id"] == "p" and rows["b"]["benchmark"] == "bench"


def test_without_benchmarks_everything_stays(tmp_path: Path) -> None:
    assert list(find_pairs([("t", "?")], [], Decontamination())) == []


def rows(name: str) -> list[dict[str, Any]]:
    with (SHARED / name).open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@needs_shared
def test_gsm_hards_unchanged_questions_are_found_exactly() -> None:
    known = {(o["other_id"], o["bench_id"]): o for o in rows("train/overlaps.jsonl") if o["bench"] == "gsm_hard"}
    bench = [Item("gsm-hard", row["id"], row["problem"]) for row in rows("benchmarks/gsm_hard.jsonl")]
    train = [(row["id"], row["problem"]) for row in rows("train/gsm8k_test.jsonl")]
    found = {(p.id, p.benchmark_id): p for p in find_pairs(train, bench, Decontamination())}
    assert {pair for pair, p in found.items() if p.how == "exact"} == {pair for pair, o in known.items() if o["exact"]}
    # 965 more have the same words with other numbers; nearly all share thirteen words.
    assert len(known.keys() & found.keys()) >= 1300


@needs_shared
@pytest.mark.slow
def test_math500s_known_near_duplicates_are_found_and_the_known_false_hit_is_not_exact() -> None:
    known = {(o["other_id"], o["bench_id"]): o for o in rows("train/overlaps.jsonl") if o["bench"] == "math500"}
    bench = [Item("math500", row["id"], row["problem"]) for row in rows("benchmarks/math500.jsonl")]
    train = [
        (row["id"], row["problem"])
        for name in ("train/math_train.jsonl", "train/math_test_minus500.jsonl")
        for row in rows(name)
    ]
    # The list was made with other tokens, so similarities differ by a few hundredths.
    found = {(p.id, p.benchmark_id): p for p in find_pairs(train, bench, Decontamination(near=0.45))}
    assert len(known.keys() & found.keys()) >= 76
    assert not [p for p in found.values() if p.how == "exact"]  # z^4 + z^2 + 1 against z^4 - z^2 + 1 among them
