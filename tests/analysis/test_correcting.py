"""SuperCorrect's analyses say of samples written by hand what one counts by hand, with n and interval."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

from orion.analysis import inputs, locating, self_correction, stability, subjects
from orion.config.study import load
from orion.errors import UserError
from orion.figures.charts import CHARTS
from orion.files import write_table
from orion.statistics.intervals import wilson
from tests.pipeline.workspace import ROOT, merged

RIGHT, WRONG = "correct", "wrong"


def study(**over: Any):
    default = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    return load(merged(default, over))


# Before and after a second pass.


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    """Two problems, two draws, two seeds: (before, after) of each sample."""
    pairs = [(RIGHT, RIGHT), (WRONG, RIGHT), (RIGHT, WRONG), (WRONG, RIGHT)]
    outcomes = ["no-wrong-step", "corrected", "corrected", "corrected"]
    for seed in (0, 1):
        rows = [
            {"id": f"p{n // 2}", "draw": n % 2, "verdict": after, "first_verdict": before, "outcome": outcome}
            for n, ((before, after), outcome) in enumerate(zip(pairs, outcomes, strict=True))
        ]
        write_table(tmp_path / f"results/s/sc/seed{seed}/bench/sampled.parquet", pl.DataFrame(rows))
    return tmp_path / "results/s/sc"


def test_before_and_after_and_what_changed(samples: Path) -> None:
    table = self_correction.build([samples / f"seed{n}/bench/sampled.parquet" for n in (0, 1)])
    assert table["method"].unique().to_list() == ["sc"] and table["seeds"].unique().to_list() == [2]
    rows = {row["measure"]: row for row in table.iter_rows(named=True)}
    assert {name: (row["count"], row["samples"], row["problems"]) for name, row in rows.items()} == {
        "before": (4, 8, 2), "after": (6, 8, 2), "change": (2, 8, 2), "wrong to right": (4, 8, 2),
        "right to wrong": (2, 8, 2), "outcome: corrected": (6, 8, 2), "outcome: no-wrong-step": (2, 8, 2),
    }  # fmt: skip
    assert rows["after"]["value"] - rows["before"]["value"] == pytest.approx(rows["change"]["value"]) == 0.25
    assert all(row["low"] <= row["value"] <= row["high"] for row in rows.values())


def test_a_method_without_second_pass_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "results/s/m/seed0/bench/sampled.parquet"
    write_table(path, pl.DataFrame({"id": ["p"], "verdict": [RIGHT]}))
    with pytest.raises(UserError, match="no column first_verdict"):
        self_correction.build([path])


# Stability.


def scores(path: Path, correct: list[list[bool]], levels: list[str | None], subject: str | None = "algebra") -> Path:
    rows = [
        {"benchmark": "bench", "decoding": "sampled", "id": f"p{n}", "subject": subject, "level": level}
        | {"n": len(row), "c": sum(row), "correct": row}
        for n, (row, level) in enumerate(zip(correct, levels, strict=True))
    ]
    write_table(path, pl.DataFrame(rows, schema_overrides={"level": pl.String, "subject": pl.String}))
    return path


def test_runs_are_draws_and_vary_as_the_textbook_says(tmp_path: Path) -> None:
    correct = np.random.default_rng(0).random((40, 30)) < 0.4
    path = scores(tmp_path / "results/s/m/seed0/scores.parquet", correct.tolist(), [None] * 40)
    (row,) = stability.build([path], '{"decoding": "sampled"}').to_dicts()
    assert (row["problems"], row["runs"], row["levels"]) == (40, 30, "")
    runs = correct.mean(axis=0)
    assert (row["mean"], row["variance"]) == (pytest.approx(runs.mean()), pytest.approx(runs.var(ddof=1)))
    assert row["deviation_low"] < row["deviation"] < row["deviation_high"]
    assert row["low"] < row["mean"] < row["high"]


def test_the_interval_of_the_deviation_covers() -> None:
    """Nominal 95%, on runs of independent problems."""
    random, hits = np.random.default_rng(1), 0
    truth = (0.3 * 0.7 / 50) ** 0.5
    for _ in range(300):
        row = stability.over_runs((random.random((50, 20)) < 0.3).tolist(), [f"p{n}" for n in range(50)])
        hits += row["deviation_low"] <= truth <= row["deviation_high"]
    assert 0.91 <= hits / 300 <= 0.99


def test_the_hardest_level_is_chosen_and_at_most_so_many(tmp_path: Path) -> None:
    levels = ["Level 2", "Level 10", "Level 10", None]
    path = scores(tmp_path / "results/s/m/seed0/scores.parquet", [[True], [True], [False], [True]], levels)
    (row,) = stability.build([path], '{"decoding": "sampled"}').to_dicts()
    assert (row["levels"], row["problems"], row["mean"], row["variance"]) == ("Level 10", 2, 0.5, None)
    (row,) = stability.build([path], '{"decoding": "sampled", "levels": ["Level 2"]}').to_dicts()
    assert row["problems"] == 1
    (row,) = stability.build([path], '{"decoding": "sampled", "problems": 1}').to_dicts()
    assert row["problems"] == 1
    assert stability.build([path], '{"decoding": "greedy"}').is_empty()


# Subjects.


def test_accuracy_by_subject_is_the_mean_over_problems_draws_and_seeds(tmp_path: Path) -> None:
    paths = [
        scores(tmp_path / f"results/s/m/seed{n}/scores.parquet", [[True, n == 0], [False, False]], [None] * 2)
        for n in (0, 1)
    ]
    (row,) = subjects.build(paths, '{"decoding": "sampled"}').to_dicts()
    assert (row["subject"], row["problems"], row["seeds"], row["draws"]) == ("algebra", 2, 2, 2)
    assert row["accuracy"] == pytest.approx((1 / 2 + 1 / 4) / 2)
    assert row["low"] < row["accuracy"] < row["high"]
    bare = scores(tmp_path / "results/s/bare/seed0/scores.parquet", [[True]], [None], subject=None)
    assert subjects.build([bare], '{"decoding": "sampled"}').is_empty()


# Locating.


def test_who_finds_the_step_and_who_mends_it(tmp_path: Path) -> None:
    folder = tmp_path / "results/analysis/s/locating"
    errors = [("e0", "p0"), ("e1", "p1"), ("e2", "p2"), ("e3", "p2")]
    rows = [{"error_key": key, "id": id, "kept": True} for key, id in errors]
    about = {"teacher": "scripted-r1", "teacher_kind": "script"}
    write_table(folder / "locations.parquet", pl.DataFrame(rows), about)

    def policy(name: str, said: list[int | None], right: list[bool | None]) -> list[Path]:
        own = [
            {"error_key": key, "number": 2, "own_number": number, "tagged": number == 2}
            for (key, _), number in zip(errors, said, strict=True)
        ]
        judged = [{"error_key": key, "own_right": ok} for (key, _), ok in zip(errors, right, strict=True)]
        write_table(folder / f"{name}/seed0/own.parquet", pl.DataFrame(own))
        write_table(folder / f"{name}/seed0/judged.parquet", pl.DataFrame(judged))
        return [folder / f"{name}/seed0/{file}.parquet" for file in ("own", "judged")]

    paths = [
        folder / "locations.parquet",
        *policy("hsft", [0, None, 1, 2], [False, None, False, True]),
        *policy("sc", [2, 2, 2, 0], [True, False, True, True]),
    ]
    table = locating.build(paths)
    found = {(r["method"], r["measure"]): (r["count"], r["errors"]) for r in table.to_dicts() if r["against"] is None}
    assert [found["hsft", m][0] for m in locating.MEASURES] == [1, 1, 1, 1, 1]
    assert [found["sc", m][0] for m in locating.MEASURES] == [3, 1, 3, 3, 2]
    assert {n for _, n in found.values()} == {4} and set(table["problems"]) == {3}
    (change,) = table.filter(method="sc", measure="located").drop_nulls("against").to_dicts()
    assert (change["against"], change["count"], change["value"]) == ("hsft, seed 0", 2, 0.5)
    shown = {
        (row["method"], row["measure"]): row["paper"] for row in table.filter(pl.col("against").is_null()).to_dicts()
    }
    assert (shown["hsft", "located"], shown["hsft", "corrected"], shown["hsft", "both"]) == (0.43, 0.12, None)
    assert set(table["judge"]) == {"scripted-r1 (a script, not a model)"}


def test_a_share_has_wilsons_interval() -> None:
    row = locating._stated([1.0, 0.0] * 20, [f"p{n}" for n in range(40)], True)
    assert (row["value"], row["errors"], row["count"]) == (0.5, 40, 20)
    assert (row["low"], row["high"]) == pytest.approx(wilson(0.5, 40, 2.02), abs=0.01)


# What a study has of them.


def test_a_study_has_what_its_methods_give() -> None:
    plain = inputs.analyses(study())
    assert "smollm2/stability" in plain and "smollm2/subjects" in plain
    assert "smollm2/self_correction" not in plain and "smollm2/locating" not in plain
    second = {"label": "Again", "solver": "self-correct"}
    whole = study(
        methods={"again": second}, analysis={"locating": {"errors_of": "vanilla", "methods": ["vanilla", "orion"]}}
    )
    assert {"smollm2/self_correction", "smollm2/locating"} <= set(inputs.analyses(whole))
    assert inputs.looked_at(whole, "smollm2", "self_correction") == [
        f"results/smollm2/again/seed0/{b}/sampled.parquet" for b in whole.benchmarks
    ]
    gone_over = [f"results/smollm2/vanilla/seed0/{b}/sampled.parquet" for b in whole.benchmarks]
    assert inputs.errors_gone_over(whole, "smollm2") == gone_over
    with pytest.raises(UserError, match="'nobody' is none of the methods"):
        study(analysis={"locating": {"errors_of": "nobody", "methods": ["orion"]}})


@pytest.mark.slow
def test_each_has_a_figure_also_without_rows(samples: Path, tmp_path: Path) -> None:
    path = scores(tmp_path / "results/s/m/seed0/scores.parquet", [[True, False], [False, True]], [None] * 2)
    write_table(
        tmp_path / "locations.parquet",
        pl.DataFrame({"error_key": ["e"], "id": ["p"], "kept": [True]}),
        {"teacher": "t"},
    )
    spec = '{"decoding": "sampled"}'
    tables = {
        "self_correction": self_correction.build([samples / "seed0/bench/sampled.parquet"]),
        "stability": stability.build([path], spec),
        "subjects": subjects.build([path], spec),
        "locating": locating.build([tmp_path / "locations.parquet"]),
    }
    for name, table in tables.items():
        for rows in (table, table.clear()):
            numbers = CHARTS[name].numbers(rows, {"m": "Label"})
            svg = tmp_path / f"{name}.svg"
            CHARTS[name].draw(numbers, {}).save(str(svg), format="svg")
            assert svg.read_text().startswith("<svg")
            if rows.height and name in ("stability", "subjects"):
                assert "Label" in svg.read_text()
