"""The share of key tokens with its interval, and the page of duals with them marked: as KRSL weighs them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion.analysis.key_tokens import build, counted, summary
from orion.figures.charts import CHARTS
from orion.files import write_table
from orion.training.objectives.krsl import key_tokens
from tests.training.tiny import Tiny, as_rows

HOSTILE = '</div><script>alert(1)</script><img src=x onerror="alert(2)"> \u202emoc.live\u2066 </mark> {problem}'
PAIRS = [
    {"id": "p0", "prompt": "2 + 3?", "completion": "2 + 3 = 5.", "rejected": "2 + 3 = 6."},
    {"id": "p0", "prompt": "2 + 3?", "completion": "It is 5.", "rejected": "It is not 5."},
    {"id": "p1", "prompt": HOSTILE, "completion": f"right {HOSTILE}", "rejected": f"wrong {HOSTILE}"},
]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return Tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def training_set(tmp_path: Path) -> Path:
    path = tmp_path / "results/tiny/edit/seed0/krsl.training_set.parquet"
    write_table(path, pl.DataFrame(as_rows(PAIRS)))
    return path


def test_tokens_are_counted_as_krsl_weighs_them(tiny: Tiny) -> None:
    """The tiny student's tokens are bytes; the end of the turn is one more."""
    first, second, _ = counted(as_rows(PAIRS), tiny.chat, "set")
    assert first == ("p0", 11, 1, 11, 1)
    assert second == ("p0", 9, 0, 13, 4)
    spec = tiny.spec("krsl")
    for example, found in zip(tiny.examples(spec, PAIRS), (first, second), strict=False):
        weighed = [sum(weight != 0 for weight in side.weights) for side in example.sides]
        assert weighed == [found[2], found[4]]


def test_sides_add_up_and_a_problems_pairs_are_one_cluster(tiny: Tiny) -> None:
    right, wrong, both = summary(counted(as_rows(PAIRS), tiny.chat, "set"))
    for name in ("tokens", "key_tokens"):
        assert right[name] + wrong[name] == both[name]
    assert (both["pairs"], both["problems"], both["paper"]) == (3, 2, 0.047)
    assert both["share"] == both["key_tokens"] / both["tokens"]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 200), st.floats(0, 1), st.integers(1, 200)), min_size=1))
def test_the_interval_holds_the_share_and_stays_in_the_scale(drawn: list[tuple[int, int, float, int]]) -> None:
    pairs = [(f"p{id}", right, round(right * part), wrong, 0) for id, right, part, wrong in drawn]
    for row in summary(pairs):
        assert 0 <= row["low"] <= row["share"] + 1e-12 and row["share"] - 1e-12 <= row["high"] <= 1
        assert row["problems"] > 1 or (row["low"], row["high"]) == (0, 1)


def test_the_analysis_reads_training_sets_and_is_drawn(tiny: Tiny, training_set: Path) -> None:
    plain = training_set.with_name("sft.training_set.parquet")
    write_table(plain, pl.DataFrame(as_rows(PAIRS)).with_columns(rejected=pl.lit(None, pl.String)))
    table = build([tiny.manifest_path, training_set, plain], tiny.student.spec())
    assert table.select("method", "stage", "side").rows() == [
        ("edit", "krsl", side) for side in ("right", "wrong", "both")
    ]
    chart = CHARTS["key_tokens"]
    svg = chart.draw(chart.numbers(table, {"edit": "EDIT"}), {}).to_dict()
    assert "EDIT" in json.dumps(svg)


@pytest.fixture
def page(tiny: Tiny, training_set: Path) -> str:
    output = training_set.with_name("krsl.html")
    command = [sys.executable, "-m", "orion.explorer.duals", "--spec", tiny.spec("krsl").spec()]
    command += ["--model", str(tiny.manifest_path), "--training-set", str(training_set), "--output", str(output)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return output.read_text(encoding="utf-8")


def test_key_steps_are_marked_on_both_sides(page: str) -> None:
    assert "2 + 3 = <mark>5</mark>." in page and "2 + 3 = <mark>6</mark>." in page
    assert re.search("It is <mark>not </mark>5|It is<mark> not</mark> 5", page)
    assert "right: 1 of 11 tokens" in page and "wrong: 4 of 13 tokens" in page
    assert "edit/seed0/krsl" in page


def test_what_models_wrote_is_text_and_nothing_else(page: str) -> None:
    tags = set(re.findall(r"<\s*/?\s*([a-zA-Z]+)", page))
    assert tags == {"html", "head", "meta", "title", "style", "body", "h", "p", "section", "div", "mark"}
    assert "\u202e" not in page and "\\u202e" in page
    assert "default-src 'none'" in page
    assert page.count("<mark>") == page.count("</mark>")


def test_marks_are_those_of_the_edit_script(page: str) -> None:
    """The bytes between the marks are the tokens that the alignment calls key."""
    for pair in PAIRS[:2]:
        for text, keys in zip(
            (pair["completion"], pair["rejected"]),
            key_tokens(pair["completion"].encode(), pair["rejected"].encode()),
            strict=True,
        ):
            marked = "".join(c for c, key in zip(text, keys, strict=True) if key)
            found = [
                "".join(re.findall(r"<mark>(.*?)</mark>", html))
                for html in re.findall(r"<div class=text>((?:[^<]|</?mark>)*)</div>", page)
                if re.sub("</?mark>", "", html) == text
            ]
            assert found == [marked]
