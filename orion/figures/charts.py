"""One chart an analysis, declared with Altair. Colours are those of Okabe and Ito, which colour-blind readers tell
apart; what a colour says, a label or a dash says too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000"]


def _arms(table: pl.DataFrame, labels: dict[str, str]) -> pl.DataFrame:
    """Methods by their label; the stage beside it where a method has several."""
    import polars as pl

    several = pl.col("stage").n_unique().over("method") > 1
    label = pl.col("method").replace(labels)
    return table.with_columns(arm=pl.when(several).then(label + ", " + pl.col("stage")).otherwise(label))


def entropy(table: pl.DataFrame, labels: dict[str, str]) -> Any:
    import altair as alt

    table = _arms(table, labels)
    arms = table["arm"].unique(maintain_order=True).to_list()
    base = alt.Chart(table).encode(x=alt.X("step:Q", title="optimisation step"))
    color = alt.Color("arm:N", title=None, sort=arms, scale=alt.Scale(range=PALETTE))
    dash = alt.StrokeDash("arm:N", title=None, sort=arms)
    shade = alt.Color("arm:N", sort=arms, scale=alt.Scale(range=PALETTE), legend=None)
    band = base.mark_area(opacity=0.2).encode(y=alt.Y("low:Q"), y2="high:Q", color=shade)
    line = base.mark_line().encode(y=alt.Y("mean:Q", title="entropy (nats a token)"), color=color, strokeDash=dash)
    return alt.layer(band, line).resolve_scale(color="independent")


def lengths(table: pl.DataFrame, labels: dict[str, str]) -> Any:
    """Median with the middle half and p10 to p90."""
    import altair as alt

    table = _arms(table, labels)
    arms = table["arm"].unique(maintain_order=True).to_list()
    base = alt.Chart().encode(y=alt.Y("arm:N", title=None, sort=arms))
    outer = base.mark_rule().encode(
        x=alt.X("p10:Q", title="tokens of a CoT (p10, quarter, median, quarter, p90)"), x2="p90:Q"
    )
    inner = base.mark_bar(size=12, color=PALETTE[4]).encode(x="p25:Q", x2="p75:Q")
    middle = base.mark_tick(size=18, thickness=2, color="black").encode(x="median:Q")
    return alt.layer(outer, inner, middle, data=table).facet(row=alt.Row("problems:N", title="problems"))


def funnel(table: pl.DataFrame, labels: dict[str, str]) -> Any:
    import altair as alt

    steps = table["step"].unique(maintain_order=True).to_list()
    table = table.with_columns((table["by"] + ": " + table["group"]).alias("panel"))
    panels = table["panel"].unique(maintain_order=True).to_list()
    base = alt.Chart().encode(y=alt.Y("step:N", title=None, sort=steps), x=alt.X("count:Q", title="rows"))
    bars = base.mark_bar(color=PALETTE[0])
    text = base.mark_text(align="left", dx=3).encode(text="count:Q")
    chart = alt.layer(bars, text, data=table).properties(width=190)
    return chart.facet(alt.Facet("panel:N", title=None, sort=panels), columns=3)


def distance(table: pl.DataFrame, labels: dict[str, str]) -> Any:
    import altair as alt

    names = {
        "similarity": "similarity in words", "copied": "3-grams from the CoT",
        "kept_numbers": "numbers of the CoT kept", "shorter": "words, of the CoT's",
    }  # fmt: skip
    long = table.unpivot(list(names), index=["feedback", "kept"], variable_name="number", value_name="value")
    long = long.with_columns(number=long["number"].replace(names))
    value = alt.X("value:Q", bin=alt.Bin(step=0.1), title="share")
    color = alt.Color("kept:N", title="kept", scale=alt.Scale(domain=[True, False], range=[PALETTE[0], PALETTE[1]]))
    chart = alt.Chart(long).mark_bar().encode(x=value, y=alt.Y("count():Q", title="rewrites"), color=color)
    row = alt.Row("feedback:N", title="rewritten with")
    return chart.properties(width=170, height=130).facet(row=row, column=alt.Column("number:N", title=None))


def key_tokens(table: pl.DataFrame, labels: dict[str, str]) -> Any:
    """Shares with their intervals, a row a side; the rule is what EDIT's paper says."""
    import altair as alt

    table = _arms(table, labels)
    arms = table["arm"].unique(maintain_order=True).to_list()
    base = alt.Chart().encode(y=alt.Y("side:N", title=None, sort=["right", "wrong", "both"]))
    axis = alt.Axis(format="%")
    points = base.mark_point(filled=True, size=70, color=PALETTE[0]).encode(
        x=alt.X("share:Q", title="key tokens, of all tokens; dashed: the paper's", axis=axis)
    )
    ranges = base.mark_rule(color=PALETTE[0]).encode(x="low:Q", x2="high:Q")
    paper = alt.Chart().mark_rule(strokeDash=[4, 4], color=PALETTE[1]).encode(x="min(paper):Q")
    return alt.layer(ranges, points, paper, data=table).facet(row=alt.Row("arm:N", title=None, sort=arms))


CHARTS: dict[str, Any] = {chart.__name__: chart for chart in (entropy, lengths, funnel, distance, key_tokens)}
