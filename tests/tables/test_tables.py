"""Tables say what is signal: bold only outside the noise, every number with its error bar, the paper's beside it."""

import csv
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from orion.errors import UserError
from orion.tables import layout
from orion.tables.comparison import Table, make_table
from orion.tables.config import ScoreTable
from orion.tables.results import read_scores
from orion.tables.tidy import tests as paired_tests
from orion.tables.tidy import tidy

Make = Callable[..., Path]
SPEC = ScoreTable(methods=["vanilla", "sft-long-cot", "orion"], decoding="sampled", paper="ORION")


def table(files: list[Path], spec: ScoreTable = SPEC) -> Table:
    return make_table(spec, read_scores(files))


def marks(made: Table, method: str, key: str) -> set[str]:
    return next(e.marks for (_, m, c), e in made.entries.items() if m == method and c.key == key)


@pytest.fixture
def clear(make_scores: Make) -> list[Path]:
    """ORION far ahead on `big`, a toss-up on `small`."""
    right = {"vanilla": (2, 5), "sft-long-cot": (3, 6), "orion": (8, 6)}
    return [
        make_scores(method, {"big": [b, b + 1] * 50, "small": [s, 0] * 5}) for method, (b, s) in right.items()
    ]  # fmt: skip


def test_the_best_is_bold_only_where_a_test_separates_it(clear: list[Path]) -> None:
    made = table(clear)
    assert marks(made, "orion", "big Acc@1") == {"bold"}
    assert marks(made, "sft-long-cot", "big Acc@1") == {"underline"}
    assert marks(made, "vanilla", "big Acc@1") == set()
    assert "bold" not in marks(made, "orion", "small Acc@1") | marks(made, "sft-long-cot", "small Acc@1")
    assert "dagger" in marks(made, "orion", "small Acc@1") and "dagger" not in marks(made, "orion", "big Acc@1")


def test_no_mark_where_all_are_alike(make_scores: Make) -> None:
    made = table([make_scores(m, {"b": [0] * 30}) for m in SPEC.methods])
    assert all(entry.marks <= {"dagger"} for entry in made.entries.values())


def test_the_wide_csv_has_what_a_paper_prints_and_its_error_bars(clear: list[Path]) -> None:
    rows = layout.wide(table(clear))
    assert [row["method"] for row in rows] == SPEC.methods
    orion = rows[2]
    assert orion["big Acc@1"] == pytest.approx(85) and orion["small Acc@10"] == pytest.approx(50)
    assert orion["Average Acc@1"] == pytest.approx((85 + 30) / 2)
    assert orion["big Acc@1 low"] < 85 < orion["big Acc@1 high"]
    assert (orion["big Acc@1 n"], orion["big Acc@10 k"], orion["big problems"]) == (10, 10, 100)
    assert orion["big truncated"] == 0


def test_all_tests_of_a_table_are_one_family(clear: list[Path]) -> None:
    rows = paired_tests(table(clear))
    assert len(rows) == 2 * 6  # best and best baseline, in six columns
    assert all(row["p_holm"] >= row["p"] for row in rows)
    smallest = min(rows, key=lambda row: row["p"])
    assert smallest["p_holm"] == pytest.approx(min(12 * smallest["p"], 1))


def test_captions_say_how_it_was_made(make_scores: Make) -> None:
    files = [
        make_scores(
            m,
            {"b": [1, 0] * 15},
            engine="transformers",
            engine_version="5.23.0",
            made="2026-11-22",
            sampling={"temperature": 0.6, "top_p": 0.9},
        )
        for m in SPEC.methods
    ]
    text = layout.markdown(table(files, SPEC.model_copy(update={"teacher": "script"})))
    for said in (
        "b 30 x 10", "any of the draws", "temperature 0.6, top p 0.9", "orion.verify", "transformers 5.23.0",
        "Sampled 2026-11-22.", "Training seeds: Vanilla 1", "teacher is a script", "one seed",
    ):  # fmt: skip
        assert said in text
    assert "script" not in layout.markdown(table([make_scores(m, {"b": [1, 0] * 15}) for m in SPEC.methods]))


def arm(steps: int, *problems: str) -> dict[str, object]:
    return {
        "problems": {"count": len(problems), "digest": "-".join(problems)},
        "rows": 2 * len(problems),
        "steps": steps,
    }


def test_captions_say_what_the_arms_learned_from_and_whether_they_are_matched(make_scores: Make) -> None:
    def said(long_cot: dict[str, object], orion: dict[str, object]) -> Table:
        trained = {"vanilla": {}, "sft-long-cot": {"training": long_cot}, "orion": {"training": orion}}
        return table([make_scores(m, {"b": [1, 0] * 15}, **facts) for m, facts in trained.items()])

    matched = said(arm(24, "p", "q"), arm(24, "p", "q"))
    assert "Matched: all trained arms learned from the same 2 problems in 24 optimiser" in layout.markdown(matched)
    assert [row["training problems"] for row in layout.wide(matched)] == [None, 2, 2]
    for other in (arm(25, "p", "q"), arm(24, "p", "r")):
        text = layout.markdown(said(arm(24, "p", "q"), other))
        assert "Matched" not in text
        assert f"SFT(Long-CoT) 2, 4, 24; ORION 2, 4, {other['steps']}." in text


def test_markdown_and_latex_show_the_same_numbers_with_labels(clear: list[Path]) -> None:
    made = table(clear)
    text, tex = layout.markdown(made), layout.latex(made)
    assert "| tiny | SFT(Long-CoT) |" in text and "**85.0**" in text
    assert r"\textbf{85.0}" in tex and r"\underline{35.0}" in tex and r"\toprule" in tex and "SFT(Long-CoT)" in tex
    assert tex.count(r"\begin{") == tex.count(r"\end{")
    assert r"95\% intervals" in tex


def test_the_papers_number_stands_beside_ours(make_scores: Make) -> None:
    four = {"aime24": [2, 3] * 15, "amc23": [5] * 40, "math500": [8] * 40, "gsm-hard": [6] * 40}
    files = [make_scores(m, four, student="Qwen3-8B") for m in SPEC.methods]
    row = layout.wide(table(files))[2]
    assert row["aime24 Acc@1 paper"] == 26.67 and row["aime24 Acc@1 minus paper"] == pytest.approx(25 - 26.67)
    assert row["Average Acc@1 paper"] == 58.13
    assert "aime24 Acc@10 paper" not in row  # the reference has no Acc@10
    three = [make_scores(m, {k: four[k] for k in list(four)[:3]}, student="Qwen3-8B") for m in SPEC.methods]
    assert "Average Acc@1 paper" not in layout.wide(table(three))[2]  # not the same average
    other = [make_scores(m, four, student="SmolLM2") for m in SPEC.methods]
    assert "aime24 Acc@1 paper" not in layout.wide(table(other))[2]


def test_the_tidy_csv_holds_breakdowns_and_rates(clear: list[Path]) -> None:
    spec = SPEC.model_copy(update={"budgets": [50], "families": {"all": ["big", "small"]}})
    rows = tidy(table(clear, spec))
    assert {row["metric"] for row in rows} >= {"Acc@1", "Acc@10", "maj@10", "Acc@1 in 50 tokens", "truncated"}
    found = {(r["method"], r["benchmark"], r["group"], r["metric"]): r["value"] for r in rows}
    assert found["orion", "big", "subject=x", "Acc@1"] == pytest.approx(80)
    assert found["orion", "big", "all", "Acc@1 in 50 tokens"] == 0
    assert found["orion", "big", "all", "tokens per answer"] == 100
    assert found["orion", "all", "family", "Acc@1"] == pytest.approx(57.5)
    assert found["orion", "big", "all", "no answer"] == 0


def test_seeds_are_told_and_their_spread_printed(make_scores: Make) -> None:
    files = [make_scores(m, {"b": [5 + s, 4] * 15}, seed=s) for m in SPEC.methods for s in (0, 1, 2)]
    made = table(files)
    assert layout.wide(made)[0]["seeds"] == 3
    row = next(r for r in tidy(made) if r["metric"] == "Acc@1")
    assert row["seed_sd"] == pytest.approx(5.0)
    assert "level above" in layout.markdown(made)


def test_a_table_says_what_it_leaves_open_and_what_would_settle_it(make_scores: Make) -> None:
    made = table(
        [make_scores(m, {"b": c * 15}) for m, c in (("vanilla", [3, 5]), ("sft-long-cot", [5, 3]), ("orion", [4, 5]))]
    )
    test = next(t for t in made.tests if t.question == "best" and t.column.metric == "Acc@1")
    pair = f"{made.spec.label(test.first)} against {made.spec.label(test.second)}"
    lines = layout.markdown(made).partition("Left open")[2].splitlines()
    against = next(line for line in lines if pair in line)
    assert "+5.0 [" in against and "this design shows differences from" in against
    assert f"{test.plan.draws:,} draws a problem or {test.plan.problems:,} problems" in against
    assert test.plan.seeds is None  # with one seed nothing says how seeds differ
    clear = [make_scores(m, {"b": [c] * 60}) for m, c in (("vanilla", 1), ("sft-long-cot", 4), ("orion", 9))]
    assert "Left open" not in layout.markdown(table(clear))


def test_holes_are_errors(clear: list[Path], make_scores: Make) -> None:
    with pytest.raises(UserError, match="method orion on big"):
        table(clear[:2])
    with pytest.raises(UserError, match="no scores with decoding greedy"):
        table(clear, SPEC.model_copy(update={"decoding": "greedy"}))
    with pytest.raises(UserError, match="pass@20 needs"):
        table(clear, SPEC.model_copy(update={"k": [20]}))
    with pytest.raises(UserError, match="sample both alike"):
        table([*clear, make_scores("orion", {"big": [1] * 98}, student="other")])


def test_an_ablation_prints_differences_to_its_reference(clear: list[Path]) -> None:
    spec = SPEC.model_copy(update={"reference": "orion", "name": "ablation"})
    assert "Δ -60.0" in layout.markdown(table(clear, spec))


def test_the_program_writes_every_format(clear: list[Path], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "orion.tables", "--spec", SPEC.spec(), "--output-dir", str(tmp_path / "out")]
    done = subprocess.run([*command, "--scores", *map(str, clear)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"main.csv", "main.tidy.csv", "main.tests.csv", "main.md", "main.tex"} <= names
    with (tmp_path / "out" / "main.csv").open() as file:
        assert float(next(csv.DictReader(file))["big Acc@1"]) == pytest.approx(25)
    bad = subprocess.run([*command, "--scores", str(tmp_path / "none.parquet")], capture_output=True, text=True)
    assert bad.returncode == 2 and "no such file" in bad.stderr and "Traceback" not in bad.stderr
