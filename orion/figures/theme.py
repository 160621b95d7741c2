"""What all figures share: colours, sizes and names.

A figure is at most `PAGE` wide: shrunk to a page's text of 17 cm its letters still have 8 points. Colours are those of
Okabe and Ito, which colour-blind readers tell apart; what a colour says, a dash, a label or a place says too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import polars as pl

PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000"]
BLUE, ORANGE, GREEN, PINK, SKY, AMBER, BLACK = PALETTE
DASHES = [[1, 0], [6, 3], [2, 2], [8, 2, 2, 2], [12, 3], [4, 4], [1, 3]]
PAGE = 640  # points (1/72 inch), axes and labels included


class Chart(NamedTuple):
    """`numbers` makes of an analysis the table that is drawn, and that stands beside the figure; `draw` draws it.

    `draw(numbers, metadata)`: the metadata are those of the analysis; what a reader has to know goes into the picture.
    """

    numbers: Any
    draw: Any


def named(table: pl.DataFrame, labels: Mapping[str, str]) -> pl.DataFrame:
    """A first column `arm`: a method by its label, the stage beside it where the method has several."""
    import polars as pl

    label = pl.col("method").replace(dict(labels))
    if "stage" in table.columns:
        several = pl.col("stage").n_unique().over("method") > 1
        label = pl.when(several).then(label + ", " + pl.col("stage")).otherwise(label)
    return table.select(label.alias("arm"), pl.all())


def order(table: pl.DataFrame, column: str) -> list[str]:
    """Values in the order in which the table has them: axes and legends keep it."""
    return table[column].unique(maintain_order=True).to_list()


def ends(table: pl.DataFrame, column: str) -> tuple[float, float]:
    """The least and the greatest value of a column; zeros where there is none."""
    low: Any
    high: Any
    low, high = table[column].min(), table[column].max()
    return float(low or 0), float(high or 0)


def arm_scale(arms: Sequence[str]) -> dict[str, Any]:
    """Colours and dashes of lines, so that no two lines share both."""
    count = len(arms)
    colours = [PALETTE[i % len(PALETTE)] for i in range(count)]
    dashes = [DASHES[(i + i // len(PALETTE)) % len(DASHES)] for i in range(count)]
    return {"colours": colours, "dashes": dashes}


def dressed(chart: Any, lines: Sequence[str] = ()) -> Any:
    """A chart in the figures' style; `lines` stand below its top edge, small."""
    if lines:
        import altair as alt

        title = alt.TitleParams(
            list(lines), anchor="start", frame="group", fontSize=11, fontWeight="normal", color="#333333", offset=8
        )
        chart = chart.properties(title=title)
    return (
        chart.configure_axis(labelFontSize=11, titleFontSize=11, titleFontWeight="normal", labelLimit=240)
        .configure_legend(labelFontSize=11, titleFontSize=11, labelLimit=0, symbolStrokeWidth=2, symbolSize=120)
        .configure_header(labelFontSize=11, titleFontSize=11, labelFontWeight="bold", labelLimit=0)
        .configure_view(stroke="#dddddd")
    )
