"""The target `figures`, for real: analyses, judgements and new samples of a small study; and what an edit redoes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from orion.files import read_metadata
from tests.pipeline.workspace import Workspace, merged

NAMES = ["entropy", "perplexity", "lengths", "funnel", "distance", "preference", "errors", "correction"]
NAMES += ["stability", "subjects"]
FEWER = {"methods": {name: None for name in ("sft-label", "orion-no-error", "orion-no-reflection")}, "tables": None}
KEPT = ["vanilla", "sft-long-cot", "orion"]
PNG_WIDTH = slice(16, 20)  # of a file, big-endian


@pytest.fixture(scope="module")
def drawn(finished: Workspace) -> Iterator[Workspace]:
    """The small study with three methods, drawn to its end."""
    before = finished.config
    finished.config = merged(before, FEWER)
    finished.write(finished.config)
    finished.run("figures", "analysis")
    yield finished
    finished.config = before
    finished.write(before)


def figure(drawn: Workspace, name: str, ending: str) -> Path:
    return drawn.work / f"results/figures/smollm2/{name}{ending}"


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_analysis_has_a_figure_that_fits_a_page_and_its_numbers(drawn: Workspace, name: str) -> None:
    png = figure(drawn, name, ".png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert int.from_bytes(png[PNG_WIDTH]) <= 640 / 72 * 300
    assert figure(drawn, name, ".svg").read_text().startswith("<svg")
    assert pl.read_csv(figure(drawn, name, ".csv")).height


@pytest.mark.slow
def test_a_script_that_judges_is_named_so_in_the_pictures(drawn: Workspace) -> None:
    for name in ("preference", "errors", "correction"):
        assert "scripted-judge, a script, not a model" in figure(drawn, name, ".svg").read_text()


@pytest.mark.slow
def test_new_samples_are_of_every_method_on_the_problems_of_the_cases(drawn: Workspace) -> None:
    folder = drawn.work / "results/analysis/smollm2"
    cases = set(pl.read_parquet(folder / "cases.parquet")["id"])
    for method in KEPT:
        path = folder / f"again/{method}/seed0/cases/sampled.parquet"
        assert set(pl.read_parquet(path)["id"]) == cases
        assert read_metadata(path)["method"] == method
    corrected = pl.read_parquet(folder / "correction.parquet")
    assert set(corrected["method"]) == set(KEPT)
    assert max(drawn.asked().values()) == 1, "no request was answered twice"


def draw(*names: str) -> set[str]:
    return {f"{rule} smollm2 {name}" for name in names for rule in ("analyse", "draw_figure")}


JUDGED_ERRORS = {"judge_errors smollm2"} | draw("errors", "correction")
JUDGED_CHOICES = {"judge_preference smollm2"} | draw("preference")
AGAIN = {f"sample_again smollm2 {method} 0 cases sampled" for method in KEPT}
READ = {f"read_training_set smollm2 base {method} sft" for method in KEPT[1:]} | draw("entropy", "perplexity")

EDITS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "nothing": ({}, set()),
    "another judge": ({"judge": {"teacher": {"model": "scripted-r1"}}}, JUDGED_ERRORS | JUDGED_CHOICES),
    "how hard the judge may be asked": ({"judge": {"teacher": {"endpoint": {"concurrency": 3}}}}, set()),
    "the text that asks for a type": (
        {"prompts": {"judge_error": "{problem} {label} {error} Type: ?"}},
        JUDGED_ERRORS,
    ),
    "more orders of a choice": ({"judge": {"preference": {"orders": 6}}}, JUDGED_CHOICES),
    "other methods to choose from": ({"judge": {"preference": {"methods": ["orion", "sft-long-cot"]}}}, JUDGED_CHOICES),
    "fewer errors": ({"judge": {"errors": {"limit": 3}}}, {"choose_cases smollm2"} | AGAIN | JUDGED_ERRORS),
    "no judge": ({"judge": None}, set()),
    "fewer problems read": ({"analysis": {"problems": 3}}, READ),
    "a label": (
        {"methods": {"orion": {"label": "Ours"}}},
        {f"draw_figure smollm2 {name}" for name in NAMES},
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_redoes_exactly_what_depends_on_it(drawn: Workspace, edit: str) -> None:
    over, expected = EDITS[edit]
    with drawn.edited(**over):
        assert drawn.planned("figures") - {"figures"} == expected


@pytest.mark.slow
def test_the_student_as_the_model_from_outside_reads_the_same(drawn: Workspace) -> None:
    """Last in the file: it leaves other numbers behind than the study's own."""
    outside = {"model": str(drawn.work / "results/models/smollm2/model")}
    with drawn.edited(analysis={"outside": outside}):
        again = {f"read_training_set smollm2 outside {method} sft" for method in KEPT[1:]} | {"fetch_outside"}
        assert drawn.planned("figures") - {"figures"} == again | draw("perplexity")
        drawn.run("results/analysis/smollm2/perplexity.parquet")
    table = pl.read_parquet(drawn.work / "results/analysis/smollm2/perplexity.parquet")
    columns = ["method", "problems", "rows", "perplexity", "mean_of_rows"]
    base, other = (table.filter(reader=reader).select(columns) for reader in ("base", "outside"))
    assert base.height and base.equals(other)
