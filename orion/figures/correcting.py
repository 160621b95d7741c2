"""Figures of self-correction: before and after a second pass, found and mended steps, runs that vary, subjects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orion.figures.theme import BLUE, GREEN, ORANGE, PAGE, PINK, Chart, dressed, named, order

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

OVER_PROBLEMS = "Lines: 95% intervals over problems."
KINDS = {"before": BLUE, "after": ORANGE, "wrong to right": GREEN, "right to wrong": PINK}
MEASURES = {
    "located": "finds the wrong step", "none": "says that none is wrong", "in form": "keeps the form asked for",
    "corrected": "puts the step right", "both": "finds it and puts it right",
}  # fmt: skip


def _plain(table: pl.DataFrame, labels: Mapping[str, str]) -> pl.DataFrame:
    return named(table, labels)


def _dots(
    table: pl.DataFrame, value: str, title: str, panel: str, columns: int, kinds: Mapping[str, str] | None = None
) -> Any:
    """Points with their intervals, an arm a line, faceted; with `kinds` (a colour for each value of `measure`) several
    a line. Columns: arm, low, high, `value`, `panel`."""
    import altair as alt

    axis = alt.Axis(format="%", tickCount=5)
    base = alt.Chart(table).encode(y=alt.Y("arm:N", title=None, sort=order(table, "arm")))
    if kinds:
        scale = alt.Scale(domain=list(kinds), range=list(kinds.values()))
        legend = alt.Legend(orient="bottom", title=None)
        base = base.encode(
            color=alt.Color("measure:N", sort=list(kinds), scale=scale, legend=legend),
            yOffset=alt.YOffset("measure:N", sort=list(kinds)),
        )
    else:
        base = base.encode(color=alt.value(BLUE))
    ends = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=title, axis=axis), x2="high:Q")
    points = base.mark_point(filled=True, size=50, opacity=1).encode(x=alt.X(f"{value}:Q", title=title, axis=axis))
    width = (PAGE - 180) // columns - 20
    layer = alt.layer(ends, points, data=table).properties(width=width, height=alt.Step(22))
    return layer.facet(alt.Facet(f"{panel}:N", title=None, sort=order(table, panel)), columns=columns)


def _self_correction(table: pl.DataFrame, metadata: Mapping[str, Any]) -> Any:
    import polars as pl

    sizes = pl.col("benchmark") + ", " + pl.col("decoding") + " (n = " + pl.col("samples").cast(pl.String) + ")"
    table = table.filter(pl.col("measure").is_in(list(KINDS))).with_columns(panel=sizes)
    chart = _dots(table, "value", "share of the samples", "panel", 2, KINDS)
    return dressed(chart, ["Before and after a second pass without an oracle.", OVER_PROBLEMS])


def _locating(table: pl.DataFrame, metadata: Mapping[str, Any]) -> Any:
    import polars as pl

    judges = ", ".join(sorted(set(table["judge"].to_list())))
    errors = ", ".join(sorted({str(n) for n in table["errors"].to_list()}))
    seeds = pl.col("seed").n_unique().over("method") > 1
    table = table.filter(pl.col("against").is_null()).with_columns(
        arm=pl.when(seeds).then(pl.col("arm") + ", seed " + pl.col("seed")).otherwise("arm"),
        panel=pl.col("measure").replace(MEASURES),
    )
    chart = _dots(table, "value", "share of the errors", "panel", 2)
    return dressed(chart, [f"Judge: {judges or 'nobody'}. Errors: {errors or 'none'}.", OVER_PROBLEMS])


def _stability(table: pl.DataFrame, metadata: Mapping[str, Any]) -> Any:
    import altair as alt
    import polars as pl

    seeds = pl.col("seed").n_unique().over("method") > 1
    levels = pl.when(pl.col("levels") == "").then(pl.lit("")).otherwise(pl.lit(", level ") + pl.col("levels"))
    table = table.with_columns(
        arm=pl.when(seeds).then(pl.col("arm") + ", seed " + pl.col("seed")).otherwise("arm"),
        panel=pl.col("benchmark") + levels,
    )
    left = _dots(table, "mean", "accuracy, mean over runs", "panel", 1)
    spread = table.drop_nulls("deviation").select(
        "arm", "panel", "deviation", low=pl.col("deviation_low"), high=pl.col("deviation_high")
    )
    right = _dots(spread, "deviation", "standard deviation over runs", "panel", 1)
    runs = ", ".join(sorted({str(n) for n in table["runs"].to_list()}))
    problems = ", ".join(sorted({str(n) for n in table["problems"].to_list()}))
    notes = [f"{runs or 'no'} runs on {problems or 'no'} problems a benchmark.", "Lines: 95% intervals."]
    return dressed(alt.vconcat(left, right) if spread.height else left, notes)


def _subjects(table: pl.DataFrame, metadata: Mapping[str, Any]) -> Any:
    import polars as pl

    count = pl.col("problems").cast(pl.String)
    table = table.with_columns(panel=pl.col("benchmark") + ": " + pl.col("subject") + " (n = " + count + ")")
    return dressed(_dots(table, "accuracy", "accuracy, mean over draws", "panel", 2), [OVER_PROBLEMS])


SELF_CORRECTION = Chart(_plain, _self_correction)
LOCATING = Chart(_plain, _locating)
STABILITY = Chart(_plain, _stability)
SUBJECTS = Chart(_plain, _subjects)
