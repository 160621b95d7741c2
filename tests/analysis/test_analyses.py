"""The analyses say of a study written by hand what one counts by hand; figures carry the numbers they show."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from orion.analysis import distance, entropy, funnel, key_tokens, perplexity
from orion.analysis.lengths import summarise
from orion.errors import UserError
from orion.figures.charts import CHARTS
from orion.files import write_table
from tests.analysis.folder import write_study


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_study(tmp_path_factory.mktemp("study")) / "student"


def test_entropy_has_a_line_a_method_and_a_band_over_seeds(student: Path, tmp_path: Path):
    log = student / "orion/seed0/sft/training_log.parquet"
    other = tmp_path / "student/orion/seed1/sft/training_log.parquet"
    write_table(other, pl.read_parquet(log).with_columns(entropy=pl.col("entropy") + 0.2))
    table = entropy.build([log, other, student / "sft-long-cot/seed0/sft/training_log.parquet"])
    first = table.row(0, named=True)
    assert (first["method"], first["step"], first["seeds"]) == ("orion", 1, 2)
    assert [first[name] for name in ("low", "mean", "high")] == pytest.approx([0.9, 1.0, 1.1])
    assert table.filter(method="sft-long-cot")["seeds"].to_list() == [1, 1, 1]
    untrained = tmp_path / "student/likelihood/base/orion/sft.parquet"
    rows = {"id": ["a", "b"], "tokens": [1, 3], "nll": [1.0, 1.0], "entropy": [0.5, 4.5]}
    write_table(untrained, pl.DataFrame(rows))
    before = entropy.build([log, untrained]).row(0, named=True)
    assert (before["step"], before["mean"], before["rows"], before["tokens"]) == (0, 1.25, 2, 4)


def test_lengths_count_all_rows_and_those_of_shared_problems():
    rows = [("a", "sft", "p1", 10), ("a", "sft", "p2", 30), ("b", "sft", "p1", 4), ("b", "sft", "p1", 6)]
    table = summarise(pl.DataFrame(rows, schema=["method", "stage", "id", "tokens"], orient="row"))
    found = {(row["method"], row["problems"]): (row["rows"], row["mean"]) for row in table.iter_rows(named=True)}
    ratios = dict(table.filter(problems="shared").select("method", "of_longest").rows())
    assert ratios == {"a": 1.0, "b": 0.5} and table.filter(problems="all")["of_longest"].null_count() == 2
    a = table.row(0, named=True)
    assert (a["ids"], a["median"], a["p90"]) == (2, 20, 28)
    assert a["low"] < 20 < a["high"]
    assert found == {("a", "all"): (2, 20), ("b", "all"): (2, 5), ("a", "shared"): (1, 10), ("b", "shared"): (2, 5)}


def funnel_inputs(student: Path) -> list[Path]:
    paths = [*sorted(student.glob("base/train/*")), student / "errors.parquet"]
    return [*paths, student / "refined/error-and-cot.parquet", student.parent / "problems/train.parquet"]


def test_the_funnel_counts_what_is_left_at_each_step(student: Path):
    table = funnel.build(funnel_inputs(student))
    whole = table.filter(by="all")
    assert whole["step"].to_list() == ["samples", "wrong", "errors", "rewrites", "kept"]
    assert whole["count"].to_list() == [6, 3, 2, 2, 1]
    assert whole["problems"].to_list() == [3, 2, 2, 2, 1]
    assert whole["share"].to_list() == pytest.approx([None, 3 / 6, 2 / 3, None, 1 / 2])
    assert whole["problem_share"].to_list() == pytest.approx([1, 2 / 3, 2 / 3, 2 / 3, 1 / 3])
    assert all(low <= share <= high for low, share, high in whole.drop_nulls()["low", "share", "high"].rows())
    assert table.filter(by="temperature", group="t0.4")["count"].to_list() == [3, 1, 0, 0, 0]
    assert table.filter(by="difficulty", group="algebra")["count"].to_list() == [2, 1, 1, 1, 0]


def test_a_funnel_without_its_inputs_says_which(student: Path):
    with pytest.raises(UserError, match=r"error-and-cot\.parquet is missing"):
        funnel.build([student / "errors.parquet", student.parent / "problems/train.parquet"])


def test_distance_knows_a_copy_from_a_rewrite():
    text = "First 3 + 4 = 7. Then 7 * 2 = 14."
    assert distance.compare(text, text) == {"similarity": 1, "copied": 1, "kept_numbers": 1, "shorter": 1}
    other = distance.compare("We double the sum: 14", text)
    assert other["similarity"] < 0.3 and other["copied"] == 0 and other["kept_numbers"] == 0.2
    assert set(distance.compare("", "").values()) == {0.0}


def test_distance_has_a_row_a_rewrite(student: Path):
    cots = student.parent / "teacher/scripted/cots.parquet"
    table = distance.build([cots, student / "refined/error-and-cot.parquet"])
    assert table["kept"].to_list() == [True, False]
    assert table["feedback"].to_list() == ["error-and-cot"] * 2
    assert all(0 < value < 1 for value in table["similarity"])
    summary = distance.summarise(table)
    kept = summary.filter(kept=True, number="similarity").row(0, named=True)
    assert (kept["rows"], kept["mean"]) == (1, table["similarity"][0])


def test_key_tokens_are_shares_of_all_tokens():
    right, wrong, both = key_tokens.summary([("p1", 10, 1, 10, 3), ("p1", 10, 1, 20, 3), ("p2", 20, 4, 10, 2)])
    assert [row["share"] for row in (right, wrong, both)] == pytest.approx([6 / 40, 8 / 40, 14 / 80])
    assert (right["pairs"], right["problems"], right["tokens"], right["key_tokens"]) == (3, 2, 40, 6)
    # Problems 2 of 20 and 4 of 20: residuals -1 and 1, variance 2/1 * 2 / 40^2.
    assert right["high"] == pytest.approx(min(1, 0.15 + 12.7062 * (4 / 1600) ** 0.5), rel=1e-4) and right["low"] == 0


@pytest.mark.slow
def test_a_figure_comes_as_svg_and_png_with_its_numbers(student: Path, tmp_path: Path):
    inputs = [str(path) for path in funnel_inputs(student)]
    analysis = str(tmp_path / "funnel.parquet")
    commands = [
        ["orion.analysis.funnel", "--inputs", *inputs, "--output", analysis],
        ["orion.figures", "--analysis", analysis, "--output", str(tmp_path / "funnel")],
    ]
    for command in commands:
        subprocess.run([sys.executable, "-m", *command], check=True)
    assert (tmp_path / "funnel.png").read_bytes().startswith(b"\x89PNG")
    svg = (tmp_path / "funnel.svg").read_text()
    assert svg.startswith("<svg") and "rewrites" in svg
    assert pl.read_csv(tmp_path / "funnel.csv").equals(pl.read_parquet(analysis), null_equal=True)


def test_a_table_that_is_no_analysis_is_refused(student: Path):
    command = [sys.executable, "-m", "orion.figures", "--analysis", str(student / "errors.parquet"), "--output", "x"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and "figures exist of entropy, perplexity" in done.stderr


def test_methods_that_share_a_stage_share_its_curve():
    curve = {"step": [0, 1, 2], "seeds": [0, 1, 1], "mean": [1.5, 1.2, 0.4], "low": [1.5, 1.2, 0.4]}
    curves = {"orion": 0.0, "other": 0.1, "orion-again": 0.0}
    table = pl.concat(
        pl.DataFrame(curve | {"method": [name] * 3, "high": curve["mean"]}).with_columns(pl.col("mean") + more)
        for name, more in curves.items()
    )
    drawn = CHARTS["entropy"].draw(CHARTS["entropy"].numbers(table, {"orion": "ORION"}), {}).to_dict()
    assert drawn["title"]["text"][1:] == ["orion-again: the curve of ORION."]
    assert drawn["layer"][1]["encoding"]["color"]["scale"]["domain"] == ["ORION", "other"]


def test_the_panel_of_shared_problems_says_how_many_they_are():
    row = {"perplexity": 3.0, "low": 1.0, "high": 9.0, "mean_of_rows": 3.0, "mean_low": 1.0, "mean_high": 9.0}
    rows = [
        row | {"reader": "base", "method": "orion", "problems": which, "ids": n}
        for which, n in (("all", 9), ("shared", 2))
    ]
    drawn = CHARTS["perplexity"].draw(CHARTS["perplexity"].numbers(pl.DataFrame(rows), {}), {}).to_dict()
    assert drawn["facet"]["column"]["sort"][1].endswith("(n = 2)")


def test_no_interval_of_a_perplexity_ends_below_one():
    found = perplexity.numbers(
        pl.DataFrame({"id": ["a", "b"], "tokens": [4, 4], "nll": [1.0, 9.0], "entropy": [1.0, 1.0]})
    )
    assert found["low"] == found["mean_low"] == 1.0 < found["perplexity"] < found["high"]
