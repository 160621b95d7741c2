"""Figures of judgements: whose CoTs are preferred, which types of errors there are, and which of them are corrected.

Each says in the picture who judged, and a script that it is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orion.figures.theme import AMBER, BLUE, ORANGE, SKY, Chart, dressed, named, order

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

SUBSETS = {"all": "all problems", "similar": "CoTs of similar length"}
OUTCOMES = {"wins": "first preferred", "ties": "tie", "losses": "second preferred"}
GREY = "#BBBBBB"


def judge_line(metadata: Mapping[str, Any]) -> str:
    name = metadata.get("judge", "unknown")
    return f"Judge: {name}, a script, not a model." if metadata.get("judge_kind") == "script" else f"Judge: {name}."


def preferred(table: pl.DataFrame, labels: Mapping[str, str]) -> pl.DataFrame:
    """With the methods' labels; places are no methods."""
    import polars as pl

    return named(table, labels).with_columns(other=pl.col("other").replace(dict(labels)))


def _preference(table: pl.DataFrame, metadata: Mapping[str, Any]) -> Any:
    import altair as alt
    import polars as pl

    table = table.with_columns(panel=pl.col("subset").replace(SUBSETS))
    choice = table.filter(kind="choice").drop_nulls("value")
    sizes = dict(choice.select("panel", "problems").unique().rows())
    sized = pl.col("panel") + pl.lit(" (n = ") + pl.col("panel").replace_strict(
        {k: str(v) for k, v in sizes.items()}, default="0") + pl.lit(")")  # fmt: skip
    choice = choice.with_columns(panel=sized)
    arms = order(choice, "arm")
    base = alt.Chart(choice).encode(y=alt.Y("arm:N", title=None, sort=arms))
    x = alt.X(
        "value:Q", title="chosen among all", axis=alt.Axis(format="%", tickCount=5), scale=alt.Scale(domain=[0, 1])
    )
    bars = base.mark_bar(color=SKY, height=12).encode(x=x)
    ends = base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q")
    chance = alt.Chart(choice).mark_rule(strokeDash=[4, 3], color=ORANGE).encode(x=alt.datum(1 / max(len(arms), 1)))
    panel = alt.layer(bars, ends, chance, data=choice).properties(width=165, height=alt.Step(20))
    top = panel.facet(column=alt.Column("panel:N", title=None, sort=order(choice, "panel")))
    parts = [top]
    pairs = table.filter(kind="pair")
    if pairs.height:
        parts.append(_pairs(pairs))
    notes = [judge_line(metadata), "Lines: 95% intervals over problems. Dashed: an even chance."]
    return dressed(alt.vconcat(*parts).resolve_scale(color="independent"), notes)


def _pairs(pairs: pl.DataFrame) -> Any:
    import altair as alt
    import polars as pl

    pairs = pairs.with_columns(pair=pl.col("arm") + " / " + pl.col("other"))
    long = pairs.unpivot(list(OUTCOMES), index=["pair", "panel"], variable_name="outcome", value_name="count")
    long = long.with_columns(
        outcome=pl.col("outcome").replace(OUTCOMES),
        rank=pl.col("outcome").replace_strict({name: n for n, name in enumerate(OUTCOMES)}, return_dtype=pl.Int64),
    )
    names = list(OUTCOMES.values())
    colour = alt.Color(
        "outcome:N", scale=alt.Scale(domain=names, range=[BLUE, GREY, AMBER]), sort=names,
        legend=alt.Legend(orient="bottom", title=None),
    )  # fmt: skip
    base = alt.Chart(long).encode(y=alt.Y("pair:N", title=None, sort=order(pairs, "pair")))
    bars = base.mark_bar(height=12).encode(
        x=alt.X("count:Q", title="problems, asked in both orders"), color=colour, order="rank:Q"
    )
    return bars.properties(width=165, height=alt.Step(18)).facet(
        column=alt.Column("panel:N", title=None, sort=list(SUBSETS.values()))
    )


def _errors(table: pl.DataFrame, metadata: Mapping[str, Any]) -> Any:
    import altair as alt
    import polars as pl

    said = (100 * pl.col("share")).round(0).cast(pl.Int64, strict=False).cast(pl.String)
    table = table.with_columns(
        said=pl.col("count").cast(pl.String) + " (" + said + "%)", end=pl.max_horizontal("high", "share")
    )
    base = alt.Chart(table).encode(y=alt.Y("type:N", title=None, sort=order(table, "type")))
    axis = alt.Axis(format="%", tickCount=5)
    bars = base.mark_bar(color=SKY, height=14).encode(
        x=alt.X("share:Q", title="of the errors", axis=axis, scale=alt.Scale(domain=[0, 1]))
    )
    ends = base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q")
    text = base.mark_text(align="left", dx=5, fontSize=10).encode(x="end:Q", text="said:N")
    errors, unread = table.select("errors", "unread").row(0)
    read = f"{errors} errors of the untrained student, each of another problem; {unread} more without a type."
    chart = alt.layer(bars, ends, text).properties(width=420, height=alt.Step(22))
    return dressed(chart, [judge_line(metadata) + " Lines: 95% intervals.", read])


def _correction(table: pl.DataFrame, metadata: Mapping[str, Any]) -> Any:
    import altair as alt
    import polars as pl

    size = pl.lit(" (n = ") + pl.col("problems").cast(pl.String) + pl.lit(")")
    what = pl.when(pl.col("change") == "right to wrong").then(pl.lit("right before")).when(
        pl.col("type") == "all").then(pl.lit("all errors")).otherwise(pl.col("type"))  # fmt: skip
    table = table.with_columns(panel=what + size, end=pl.max_horizontal("high", "value"))
    parts = []
    for change, title, colour in (
        ("wrong to right", "now right, of the samples", BLUE),
        ("right to wrong", "now wrong, of the samples", ORANGE),
    ):
        rows = table.filter(change=change)
        if not rows.height:
            continue
        base = alt.Chart(rows).encode(y=alt.Y("arm:N", title=None, sort=order(table, "arm")))
        axis = alt.Axis(format="%", tickCount=3)
        x = alt.X("value:Q", title=title, axis=axis, scale=alt.Scale(domain=[0, 1]))
        ends = base.mark_rule(strokeWidth=2, color=colour).encode(x="low:Q", x2="high:Q")
        points = base.mark_point(filled=True, size=55, color=colour, opacity=1).encode(x=x)
        before = alt.Chart(rows).mark_rule(strokeDash=[4, 3], color="black").encode(x="mean(untrained):Q")
        panel = alt.layer(before, ends, points, data=rows).properties(width=125, height=alt.Step(18))
        parts.append(panel.facet(alt.Facet("panel:N", title=None, sort=order(rows, "panel")), columns=3))
    trained = metadata.get("case_problems") == ["train"]
    notes = [
        judge_line(metadata),
        f"{'Training problems: methods were trained' if trained else 'Benchmarks: nothing was trained'} on them. "
        "Lines: 95% intervals over problems.",
        "Dashed: new samples of the untrained student on the same problems.",
    ]
    return dressed(alt.vconcat(*parts), notes)


PREFERENCE = Chart(preferred, _preference)
ERRORS = Chart(lambda table, labels: table, _errors)
CORRECTION = Chart(named, _correction)
