"""Columns about answers beside the scores: tokens and the share that was cut off, with intervals and without ranks."""

from __future__ import annotations

import csv
import io

import numpy as np
import polars as pl
import pytest

from orion.files import read_metadata, read_table, write_table
from orion.tables import layout
from orion.tables.comparison import Table, make_table
from orion.tables.config import ScoreTable
from orion.tables.results import read_scores
from orion.tables.tidy import tests as paired
from orion.tables.tidy import tidy

RIGHT = {"one": [3, 4, 0, 10, 7, 2], "two": [1, 1, 5, 9]}


@pytest.fixture
def table(make_scores) -> Table:
    """Method `long` takes 100 + 10 * problem tokens and is cut off in half of its answers to the first problem."""
    paths = [make_scores(method, RIGHT) for method in ("short", "long")]
    long = read_table(paths[1])
    numbers = range(len(long))
    changed = long.with_columns(
        pl.Series("tokens", [[100 + 10 * n] * 10 for n in numbers]),
        pl.Series("truncated", [5 * (n == 0) for n in numbers]),
    )
    write_table(paths[1], changed, read_metadata(paths[1]))
    shown = {"k": [2], "majority": [4], "answers": ["tokens", "truncated"]}
    return make_table(ScoreTable(methods=["short", "long"], decoding="sampled", **shown), read_scores(paths))


def test_each_benchmark_and_the_average_get_both_columns(table: Table) -> None:
    titles = [column.title for column in table.columns if column.name == "one"]
    assert titles == ["Acc@1", "Acc@2", "maj@4", "tokens", "cut off %"]
    by_name = {(c.name, c.metric): table.entries["tiny", "long", c].score for c in table.columns}
    assert by_name["one", "tokens"].value == 125 and by_name["two", "tokens"].value == np.mean([160, 170, 180, 190])
    assert by_name["Average", "tokens"].value == (125 + 175) / 2
    assert by_name["one", "cut off %"].value == pytest.approx(5 / 60)
    for score in by_name.values():
        assert score.low <= score.value <= score.high
    assert by_name["one", "tokens"].low < 125 < by_name["one", "tokens"].high


def test_they_are_printed_in_their_units_and_bear_no_marks(table: Table) -> None:
    row = next(line for line in layout.markdown(table).splitlines() if "| long |" in line)
    assert "125<br>[" in row and "8.3<br>[" in row
    (_, long) = csv.DictReader(io.StringIO(layout.csv_text(layout.wide(table))))
    assert (float(long["one tokens"]), float(long["Average tokens"])) == (125, 150)
    assert r"cut off \%" in layout.latex(table)
    assert not any(e.marks for (_, _, c), e in table.entries.items() if not c.ranked)


def test_they_are_in_no_test_and_the_tidy_file_holds_them_once(table: Table) -> None:
    assert not {"tokens", "cut off %"} & {test["metric"] for test in paired(table)}
    rows = [row for row in tidy(table) if row["method"] == "long" and row["benchmark"] == "one"]
    assert [row["value"] for row in rows if row["metric"] == "tokens per answer"] == [125]
    assert not any(row["metric"] == "tokens" for row in rows)


def test_a_table_without_them_is_as_before(make_scores) -> None:
    spec = ScoreTable(methods=["a"], decoding="sampled", k=[2])
    found = make_table(spec, read_scores([make_scores("a", RIGHT)]))
    assert {column.metric for column in found.columns} == {"Acc@1", "Acc@2"}
    assert "answers" not in spec.spec()
