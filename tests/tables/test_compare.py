"""`python -m orion.compare A B` says in one glance whether two policies differ, and what would settle it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from orion.compare import compare_files
from orion.errors import UserError
from orion.files import write_table
from orion.tables.comparison import make_table
from orion.tables.config import ScoreTable
from orion.tables.results import read_scores

Make = Callable[..., Path]


def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "orion.compare", *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_it_agrees_with_the_tables(make_scores: Make) -> None:
    files = [make_scores(m, {"b": c * 10, "c": [3, 4] * 20}) for m, c in (("vanilla", [2, 5]), ("orion", [5, 6]))]
    rows = compare_files(files[1], files[0], ["Acc@1"])
    table = make_table(ScoreTable(methods=["vanilla", "orion"], decoding="sampled"), read_scores(files))
    by_column = {t.column.name: t for t in table.tests if t.column.metric == "Acc@1" and t.question == "best baseline"}
    assert [row["benchmark"] for row in rows] == ["b", "c", "Average"]
    for row in rows:
        assert row["difference"][0] == pytest.approx(100 * by_column[row["benchmark"]].difference.value)
        assert row["p"] == by_column[row["benchmark"]].difference.p


def test_sample_files_are_compared_as_they_are(make_scores: Make, tmp_path: Path) -> None:
    for method, right in (("a", [9, 8] * 10), ("b", [2, 3] * 10)):
        make_scores(method, {"b": right})
    samples = [tmp_path / "tiny" / m / "seed0" / "b" / "sampled.parquet" for m in ("a", "b")]
    done = run(*samples, "--metric", "Acc@1", "Acc@10")
    assert done.returncode == 0, done.stderr
    assert "20 problems x 10 draws" in done.stdout and "+60.0" in done.stdout
    assert "higher on 20 problems, lower on 0" in done.stdout
    assert json.loads(run(*samples, "--json").stdout)[0]["difference"][0] == pytest.approx(60)


def test_an_open_comparison_says_what_would_settle_it(make_scores: Make) -> None:
    a, b = make_scores("a", {"b": [5, 6] * 15}), make_scores("b", {"b": [6, 4] * 15})
    text = run(a, b).stdout
    assert "not separated" in text and "draws a problem or" in text and "problems" in text


def test_a_methods_folder_is_compared_with_its_seeds_as_a_level_above(make_scores: Make, tmp_path: Path) -> None:
    for method, extra in (("a", 1), ("b", 0)):
        for seed in range(3):
            path = make_scores(method, {"b": [5 + extra + seed % 2, 4 + seed] * 15}, seed=seed)
            path.rename(path.with_name("scores.parquet"))
    folders = [tmp_path / "tiny" / method for method in ("a", "b")]
    (row,) = compare_files(*folders, ["Acc@1"])
    assert row["seeds"] == 3 and row["difference"][0] == pytest.approx(5)
    assert "30 problems x 10 draws, 3 training seeds" in run(*folders).stdout
    alone = compare_files(*(folder / "seed0" / "scores.parquet" for folder in folders), ["Acc@1"])[0]
    assert alone["seeds"] == 1 and alone["p"] < row["p"]  # one seed knows nothing of the spread between seeds
    with pytest.raises(UserError, match=r"no seed\*/scores\.parquet in this folder"):
        compare_files(tmp_path, folders[0], ["Acc@1"])


def test_metrics_that_a_decoding_has_no_draws_for_are_left_out(make_scores: Make) -> None:
    a, b = (make_scores(m, {"b": [1, 0] * 15}, draws=1) for m in ("a", "b"))
    assert [row["metric"] for row in compare_files(a, b, ["Acc@1", "Acc@10"])] == ["Acc@1"]
    with pytest.raises(UserError, match="no draws for Acc@10"):
        compare_files(a, b, ["Acc@10"])
    with pytest.raises(UserError, match="unknown metric"):
        compare_files(a, b, ["accuracy"])


def test_other_problems_are_refused(make_scores: Make, tmp_path: Path) -> None:
    a, b = make_scores("a", {"b": [5] * 30}), make_scores("b", {"b": [5] * 28})
    with pytest.raises(UserError, match="b-28 is only in"):
        compare_files(a, b, ["Acc@1"])
    with pytest.raises(UserError, match="in common"):
        compare_files(
            make_scores("a", {"b": [5] * 4, "c": [5] * 4}), make_scores("b", {"d": [5] * 4, "e": [5] * 4}), ["Acc@1"]
        )
    write_table(tmp_path / "odd.parquet", pl.DataFrame({"x": [1]}))
    done = run(a, tmp_path / "odd.parquet")
    assert done.returncode == 2 and "neither samples nor scores" in done.stderr
