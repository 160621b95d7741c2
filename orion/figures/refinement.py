"""Figures of ORION's refinement: what is left at each step, and how far a rewrite is from the teacher's CoT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orion.figures.theme import ORANGE, SKY, Chart, dressed, ends, order

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

STEPS = {"samples": "samples", "wrong": "wrong", "errors": "different errors", "rewrites": "rewrites", "kept": "kept"}
NUMBERS = {
    "similarity": "similarity to the CoT (1 - edit distance)",
    "copied": "share of its 3-grams that the CoT has",
    "kept_numbers": "share of the CoT's numbers that it keeps",
    "shorter": "its words, per word of the CoT",
}
FEEDBACK = {"error-and-cot": "with the error", "cot": "without the error"}


def _funnel(table: pl.DataFrame, metadata: Mapping[str, Any]) -> Any:
    import altair as alt
    import polars as pl

    group = pl.when(pl.col("by") == "temperature").then(pl.lit("temperature ") + pl.col("group").str.strip_prefix("t"))
    share = (100 * pl.col("share")).round(0).cast(pl.Int64).cast(pl.String)
    table = table.with_columns(
        panel=group.when(pl.col("by") == "all").then(pl.lit("all")).otherwise(pl.col("group")),
        name=pl.col("step").replace(STEPS),
        said=pl.col("count").cast(pl.String) + pl.when(pl.col("share").is_null()).then(pl.lit("")).otherwise(
            pl.lit(" (") + share + pl.lit("%)")
        ),
    )  # fmt: skip
    most = ends(table, "count")[1]
    x = alt.X("count:Q", title="rows", scale=alt.Scale(domain=[0, 1.45 * most]), axis=alt.Axis(tickCount=4))
    base = alt.Chart(table).encode(y=alt.Y("name:N", title=None, sort=list(STEPS.values())), x=x)
    bars = base.mark_bar(color=SKY)
    text = base.mark_text(align="left", dx=3, fontSize=10).encode(text="said:N")
    panel = alt.layer(bars, text, data=table).properties(width=150, height=alt.Step(18))
    chart = panel.facet(alt.Facet("panel:N", title=None, sort=order(table, "panel")), columns=3)
    return dressed(chart, ["In brackets: share of the step before."])


def distances(table: pl.DataFrame, labels: Mapping[str, str]) -> pl.DataFrame:
    from orion.analysis.distance import summarise

    return summarise(table)


def _distance(table: pl.DataFrame, metadata: Mapping[str, Any]) -> Any:
    import altair as alt
    import polars as pl

    kept = pl.when("kept").then(pl.lit("kept")).otherwise(pl.lit("dropped"))
    table = table.with_columns(
        arm=pl.col("feedback").replace(FEEDBACK) + ", " + kept, panel=pl.col("number").replace(NUMBERS)
    ).sort("feedback", "kept", descending=True, maintain_order=True)
    base = alt.Chart(table).encode(y=alt.Y("arm:N", title=None, sort=order(table, "arm")))
    box = base.mark_bar(size=10, color=SKY).encode(x=alt.X("p25:Q", title=None, scale=alt.Scale(zero=True)), x2="p75:Q")
    middle = base.mark_tick(size=14, thickness=2, color="black").encode(x="median:Q")
    ends = base.mark_rule(color=ORANGE, strokeWidth=2).encode(x="low:Q", x2="high:Q")
    mean = base.mark_point(filled=True, size=45, color=ORANGE, shape="diamond", opacity=1).encode(x="mean:Q")
    panel = alt.layer(box, middle, ends, mean, data=table).properties(width=205, height=alt.Step(18))
    chart = panel.facet(alt.Facet("panel:N", title=None, sort=list(NUMBERS.values())), columns=2)
    notes = ["Box: middle half of the rewrites. Tick: median. Diamond: mean with its 95% interval over problems."]
    return dressed(chart.resolve_scale(x="independent"), notes)


FUNNEL = Chart(lambda table, labels: table, _funnel)
DISTANCE = Chart(distances, _distance)
