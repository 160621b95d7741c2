"""Figures of what is trained on: entropy over steps, perplexity, lengths and key tokens of the CoTs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orion.figures.theme import BLUE, ORANGE, PAGE, SKY, Chart, arm_scale, dressed, ends, named, order

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl


def _which(table: pl.DataFrame) -> dict[str, str]:
    """Titles of the two panels: each arm's own problems, and those that all of them have."""
    import polars as pl

    count = int(ends(table.filter(pl.col("problems") == "shared"), "ids")[1])
    return {"all": "all its problems", "shared": f"problems that every method has (n = {count})"}


def _different(table: pl.DataFrame) -> tuple[list[str], list[str]]:
    """The arms whose curves differ, and a line for each other one: methods that begin with the same stage share it."""
    first: dict[Any, str] = {}
    notes = []
    for arm in order(table, "arm"):
        curve = tuple(table.filter(arm=arm).select("step", "mean", "low", "high").rows())
        if first.setdefault(curve, arm) != arm:
            notes.append(f"{arm}: the curve of {first[curve]}.")
    return list(first.values()), notes


def _entropy(table: pl.DataFrame, metadata: Mapping[str, Any]) -> Any:
    import altair as alt
    import polars as pl

    arms, same = _different(table)
    table = table.filter(pl.col("arm").is_in(arms))
    scale = arm_scale(arms)
    below = alt.Legend(orient="bottom", columns=3, title=None, symbolType="stroke", symbolOpacity=1, symbolSize=400)
    colour = alt.Color("arm:N", sort=arms, scale=alt.Scale(domain=arms, range=scale["colours"]), legend=below)
    dash = alt.StrokeDash("arm:N", sort=arms, scale=alt.Scale(domain=arms, range=scale["dashes"]), legend=below)
    y = alt.Y("mean:Q", title="entropy (nats a token)", scale=alt.Scale(zero=True))
    base = alt.Chart(table.filter(pl.col("step") > 0)).encode(x=alt.X("step:Q", title="optimisation step"))
    band = base.mark_area(opacity=0.2).encode(y=alt.Y("low:Q"), y2="high:Q", color=colour)
    line = base.mark_line(strokeWidth=2).encode(y=y, color=colour, strokeDash=dash)
    untrained = alt.Chart(table.filter(pl.col("step") == 0)).mark_point(filled=True, size=70, shape="diamond")
    points = untrained.encode(x="step:Q", y=y, color=colour)
    seeds = int(ends(table, "seeds")[1])
    band_of = f"the band spans {seeds} training seeds" if seeds > 1 else "one training seed"
    notes = [f"Diamonds: the untrained student over the whole training set. Lines: {band_of}.", *same]
    return dressed(alt.layer(band, line, points).properties(width=PAGE - 80, height=280), notes)


def _perplexity(table: pl.DataFrame, metadata: Mapping[str, Any]) -> Any:
    import altair as alt
    import polars as pl

    names = {"perplexity": "of all tokens", "mean_of_rows": "mean over CoTs"}
    intervals = {"perplexity": ("low", "high"), "mean_of_rows": ("mean_low", "mean_high")}
    shared, panels = ["arm", "reader", "problems"], _which(table)
    long = pl.concat(
        table.select(
            *shared, pl.lit(names[name]).alias("which"), pl.col(name).alias("value"),
            pl.col(low).alias("from"), pl.col(high).alias("to"),
        )
        for name, (low, high) in intervals.items()
    ).with_columns(
        reader=pl.col("reader").replace({"base": "untrained student", "outside": "outside model"}),
        problems=pl.col("problems").replace(panels), start=pl.coalesce("from", "value"), end=pl.coalesce("to", "value"),
    )  # fmt: skip
    arms = order(table, "arm")
    y = alt.Y("arm:N", title=None, sort=arms)
    offset = alt.YOffset("which:N", sort=list(names.values()))
    legend = alt.Legend(orient="bottom", title=None)
    which = list(names.values())
    colour = alt.Color("which:N", scale=alt.Scale(domain=which, range=[BLUE, ORANGE]), legend=legend)
    shape = alt.Shape("which:N", scale=alt.Scale(domain=which, range=["circle", "diamond"]), legend=legend)
    domain = [0.9 * ends(long, "start")[0], 1.4 * ends(long, "end")[1]]
    base = alt.Chart(long).encode(y=y, yOffset=offset)
    rule = base.mark_rule(strokeWidth=1.5).encode(
        x=alt.X("from:Q", title="perplexity (log scale)", scale=alt.Scale(type="log", nice=False, domain=domain)),
        x2="to:Q", color=colour,
    )  # fmt: skip
    point = base.mark_point(filled=True, size=60).encode(x="value:Q", color=colour, shape=shape)
    text = base.mark_text(align="left", dx=7, fontSize=10).encode(
        x="end:Q", text=alt.Text("value:Q", format=".3~g"), color=alt.value("#333333")
    )
    panel = alt.layer(rule, point, text, data=long).properties(width=190, height=alt.Step(13))
    rows = alt.Row("reader:N", title=None, sort=order(long, "reader"))
    columns = alt.Column("problems:N", title=None, sort=list(panels.values()))
    return dressed(panel.facet(row=rows, column=columns), ["Perplexity of the CoTs, with 95% intervals over problems."])


def _lengths(table: pl.DataFrame, metadata: Mapping[str, Any]) -> Any:
    import altair as alt
    import polars as pl

    panels = _which(table)
    table = table.with_columns(problems=pl.col("problems").replace(panels))
    arms = order(table, "arm")
    base = alt.Chart(table).encode(y=alt.Y("arm:N", title=None, sort=arms))
    outer = base.mark_rule().encode(x=alt.X("p10:Q", title="tokens of a CoT"), x2="p90:Q")
    inner = base.mark_bar(size=12, color=SKY).encode(x="p25:Q", x2="p75:Q")
    middle = base.mark_tick(size=16, thickness=2, color="black").encode(x="median:Q")
    mean = base.mark_point(filled=True, size=45, color=ORANGE, shape="diamond", opacity=1).encode(x="mean:Q")
    panel = alt.layer(outer, inner, middle, mean, data=table).properties(width=215, height=alt.Step(22))
    chart = panel.facet(column=alt.Column("problems:N", title=None, sort=list(panels.values())))
    return dressed(chart, ["Line: p10 to p90. Box: middle half. Tick: median. Diamond: mean."])


def _key_tokens(table: pl.DataFrame, metadata: Mapping[str, Any]) -> Any:
    import altair as alt

    base = alt.Chart(table).encode(y=alt.Y("side:N", title=None, sort=["right", "wrong", "both"]))
    share = alt.X("share:Q", title="key tokens, of all tokens", axis=alt.Axis(format="%"), scale=alt.Scale(zero=True))
    points = base.mark_point(filled=True, size=60, color=BLUE, opacity=1).encode(x=share)
    ranges = base.mark_rule(color=BLUE, strokeWidth=2).encode(x="low:Q", x2="high:Q")
    paper = alt.Chart(table).mark_rule(strokeDash=[4, 4], color=ORANGE).encode(x="min(paper):Q")
    panel = alt.layer(ranges, points, paper, data=table).properties(width=220, height=alt.Step(22))
    chart = panel.facet(alt.Facet("arm:N", title=None, sort=order(table, "arm")), columns=2)
    return dressed(chart, ["Shares of the tokens with 95% intervals over problems. Dashed: EDIT's paper."])


ENTROPY = Chart(named, _entropy)
PERPLEXITY = Chart(named, _perplexity)
LENGTHS = Chart(named, _lengths)
KEY_TOKENS = Chart(named, _key_tokens)
