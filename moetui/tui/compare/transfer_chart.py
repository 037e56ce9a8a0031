"""The chart of a ladder: the best learning rate at each size with its interval, the line, and what it predicts."""

import math
from collections.abc import Iterator
from typing import Final

from moetui.core.science.transfer import Found, Line
from moetui.core.studies.transfer import Transfer
from moetui.tui.chart.palette import slot
from moetui.tui.chart.spec import ChartSpec, Series

MARGIN: Final = 1.08
"""Factor by which the axis of sizes reaches beyond the first and the last."""


def transfer_chart(one: Transfer, goal: float | None = None) -> ChartSpec:
    """Points with intervals and the line through them, on logarithmic axes; beyond them the prediction.

    The prediction is that of `goal` if the ladder bears it, else that of the next size.
    """
    known = [size.found for size in one.sizes if isinstance(size.found, Found)]
    ends = [found.ends or (math.nan, math.nan) for found in known]
    best = Series(
        "best rate",
        [found.size for found in known],
        [found.lr for found in known],
        slot(0),
        points=True,
        line=False,
        bars=([low for low, _ in ends], [high for _, high in ends]),
    )
    series = (best, *(_told(one.line, goal) if one.line is not None else ()))
    sizes = [float(size) for part in series for size in part.x]
    return ChartSpec(
        title="Best learning rate",
        series=series,
        x_label=one.axis,
        x_range=(min(sizes) / MARGIN, max(sizes) * MARGIN) if sizes else None,
        x_log=True,
        y_log=True,
        legend_values=False,
        empty="no size's best rate is known",
    )


def _told(line: Line, goal: float | None) -> Iterator[Series]:
    size = goal if goal is not None and goal <= line.reach else line.next_size
    sizes = sorted((line.found[0].size, line.found[-1].size, size))
    yield Series("line", sizes, [line.at(one).lr for one in sizes], slot(1))
    told = line.at(size)
    low, high = (math.nan, math.nan) if told.low is None or told.high is None else (told.low, told.high)
    yield Series(f"predicted at {size:.4g}", [size], [told.lr], slot(2), points=True, line=False, bars=([low], [high]))
