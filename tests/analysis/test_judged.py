"""What is counted of judgements: against numbers that one counts by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from orion.analysis import correction, errors, preference
from orion.errors import UserError
from orion.files import write_table
from orion.samples import table
from tests.analysis.folder import sample


def judgement(id: str, kind: str, shown: list[str], chosen: str | None, ratio: float = 1.0) -> dict[str, Any]:
    return {
        "id": id, "kind": kind, "order": 0, "shown": shown, "chosen": chosen, "longest_over_shortest": ratio,
        "kept": chosen is not None,
    }  # fmt: skip


def preferred(folder: Path, rows: list[dict[str, Any]]) -> pl.DataFrame:
    path = folder / "preference.parquet"
    write_table(path, pl.DataFrame(rows), {"methods": ["a", "b"], "similar": 1.5})
    return preference.build([path])


def test_a_choice_is_averaged_over_orders_and_then_over_problems(tmp_path: Path) -> None:
    rows = [
        judgement("p1", "choice", ["a", "b"], "a"),
        judgement("p1", "choice", ["b", "a"], "b"),
        judgement("p2", "choice", ["a", "b"], "a", ratio=2),
        judgement("p2", "choice", ["b", "a"], None, ratio=2),
        judgement("p3", "choice", ["a+b"], "a+b"),
    ]
    found = preferred(tmp_path, rows)
    choice = found.filter(kind="choice", subset="all")
    assert choice["value"].to_list() == pytest.approx([(0.5 + 1 + 0.5) / 3, (0.5 + 0 + 0.5) / 3])
    assert choice.select("problems", "judgements", "unread").row(0) == (3, 4, 1)
    assert choice["same_in_every_order"].to_list() == pytest.approx([2 / 3] * 2)
    similar = found.filter(kind="choice", subset="similar")
    assert (similar["problems"][0], similar["value"][0]) == (2, 0.5)
    first, last = found.filter(kind="position", subset="all")["value"]
    assert (first, last) == (1, 0), "p1 and p2 always took the first place"


def test_a_pair_is_a_win_only_where_both_orders_agree(tmp_path: Path) -> None:
    rows = [
        *(judgement("p1", "pair", shown, "a") for shown in (["a", "b"], ["b", "a"])),
        *(judgement("p2", "pair", shown, shown[0]) for shown in (["a", "b"], ["b", "a"])),
        *(judgement("p3", "pair", shown, "b") for shown in (["a", "b"], ["b", "a"])),
        *(judgement("p4", "pair", shown, "a") for shown in (["a", "b"], ["b", "a"])),
        judgement("p5", "pair", ["a+b"], "a+b"),
        judgement("p6", "pair", ["a", "b"], "a"),
        judgement("p6", "pair", ["b", "a"], None),
    ]
    row = preferred(tmp_path, rows).filter(kind="pair", subset="all").row(0, named=True)
    assert [row[name] for name in ("wins", "ties", "losses", "unread", "problems")] == [2, 2, 1, 1, 5]
    assert row["value"] == pytest.approx((2 + 2 / 2) / 5)
    assert row["low"] < row["value"] < row["high"]
    assert row["p"] == row["p_holm"] == 1.0, "two wins and a loss decide nothing"
    assert row["same_in_every_order"] == pytest.approx(3 / 4)


def test_methods_whose_names_hold_each_other_are_not_mixed_up(tmp_path: Path) -> None:
    path = tmp_path / "preference.parquet"
    rows = [judgement("p1", "pair", ["orion", "orion-x"], "orion"), judgement("p2", "pair", ["b", "orion-x"], "b")]
    write_table(path, pl.DataFrame(rows), {"methods": ["orion", "orion-x", "b"], "similar": 1.5})
    pairs = preference.build([path]).filter(kind="pair", subset="all")
    assert pairs.select("method", "other", "problems").rows() == [
        ("orion", "orion-x", 1), ("orion", "b", 0), ("orion-x", "b", 1),
    ]  # fmt: skip


def typed(folder: Path, types: dict[str, str | None]) -> Path:
    rows = [
        {"problems": "train", "id": id, "case_key": f"case-{id}", "type": name, "kept": name is not None}
        for id, name in types.items()
    ]
    path = folder / "judged/errors.parquet"
    write_table(path, pl.DataFrame(rows))
    return path


def test_shares_of_types_are_of_the_errors_that_have_one(tmp_path: Path) -> None:
    found = errors.build([typed(tmp_path, {"p0": "reasoning", "p1": "reasoning", "p2": "calculation", "p3": None})])
    row = found.filter(type="reasoning").row(0, named=True)
    assert (row["count"], row["errors"], row["unread"]) == (2, 3, 1)
    assert row["share"] == pytest.approx(2 / 3) and row["low"] < 2 / 3 < row["high"]
    assert found.filter(type="knowledge")["count"].to_list() == [0]


def corrected(folder: Path, verdicts: dict[str, dict[str, list[str]]], **more: Any) -> pl.DataFrame:
    """`verdicts` by policy (method/seed) and problem; p0 and p1 were wrong, p2 was right."""
    types = typed(folder, {"p0": "reasoning", "p1": "calculation"})
    cases = [{"problems": "train", "id": f"p{n}", "right": n == 2, "key": f"case-p{n}"} for n in range(3)]
    write_table(folder / "cases.parquet", pl.DataFrame(cases))
    paths = [types, folder / "cases.parquet"]
    for policy, by_problem in verdicts.items():
        method, seed = policy.split("/")
        rows = [
            sample(id, draw, "It is 4", verdict, more.get("key", f"{policy}-{id}-{draw}"))
            for id, found in by_problem.items()
            for draw, verdict in enumerate(found)
        ]
        paths.append(folder / f"again/{method}/{seed}/cases/sampled.parquet")
        write_table(paths[-1], table(rows), {"method": method, "seed": seed})
    return correction.build(paths, json.dumps({"base": "vanilla"}))


def row_of(found: pl.DataFrame, method: str, change: str = "wrong to right", type: str = "all") -> dict[str, Any]:
    return found.filter(method=method, change=change, type=type).row(0, named=True)


def test_corrections_stand_beside_what_the_untrained_student_would_have_corrected(tmp_path: Path) -> None:
    found = corrected(tmp_path, {
        "vanilla/0": {"p0": ["correct", "wrong"], "p1": ["wrong", "wrong"], "p2": ["correct", "wrong"]},
        "orion/0": {"p0": ["correct", "correct"], "p1": ["wrong", "correct"], "p2": ["correct", "unverified"]},
        "orion/1": {"p0": ["correct", "wrong"], "p1": ["wrong", "wrong"], "p2": ["wrong", "wrong"]},
    })  # fmt: skip
    base, ours = row_of(found, "vanilla"), row_of(found, "orion")
    assert (base["value"], base["difference"]) == (0.25, None)
    assert (ours["value"], ours["untrained"], ours["seeds"], ours["draws"]) == (0.5, 0.25, 2, 2)
    assert ours["difference"] == pytest.approx(0.25) and ours["p_holm"] >= ours["p"]
    assert row_of(found, "orion", type="reasoning")["value"] == 0.75
    assert row_of(found, "orion", type="calculation")["value"] == 0.25
    lost = row_of(found, "orion", "right to wrong")
    assert (lost["value"], lost["untrained"], lost["unverified"], lost["problems"]) == (0.75, 0.5, 1, 1)


def test_the_very_sample_that_was_looked_at_is_no_new_one(tmp_path: Path) -> None:
    vanilla = {"vanilla/0": {f"p{n}": ["wrong", "correct"] for n in range(3)}}
    assert row_of(corrected(tmp_path, vanilla), "vanilla")["value"] == 0.5
    path = tmp_path / "again/vanilla/0/cases/sampled.parquet"
    again = pl.read_parquet(path).with_columns(
        key=pl.when(pl.col("draw") == 0).then("case-" + pl.col("id")).otherwise("key")
    )
    write_table(path, again, {"method": "vanilla", "seed": "0"})
    paths = [tmp_path / "judged/errors.parquet", tmp_path / "cases.parquet", path]
    assert row_of(correction.build(paths, '{"base": "vanilla"}'), "vanilla")["value"] == 1.0


def test_a_problem_without_a_sample_is_an_error_and_no_zero(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="problem p1 has no sample beside"):
        corrected(tmp_path, {"vanilla/0": {"p0": ["wrong"], "p2": ["wrong"]}})


def test_without_the_untrained_student_nothing_is_compared(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no samples of vanilla"):
        corrected(tmp_path, {"orion/0": {f"p{n}": ["wrong"] for n in range(3)}})
