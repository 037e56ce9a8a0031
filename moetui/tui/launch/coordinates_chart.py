"""The chart of a coordinate check: how far updates move each part, against the width."""

from collections.abc import Sequence

from moetui.core.science.coordinates import Measured, curves
from moetui.tui.chart.palette import slot
from moetui.tui.chart.spec import ChartSpec, Series


def coordinates_chart(measured: Sequence[Measured]) -> ChartSpec:
    """One curve for each part, on logarithmic axes: where rules transfer, most are level."""
    series = tuple(
        Series(part, [float(width) for width, _ in points], [change for _, change in points], slot(place), points=True)
        for place, (part, points) in enumerate(curves(measured).items())
    )
    title = f"RMS of the change after {measured[0].at[-1]} updates"
    return ChartSpec(title=title, series=series, x_label="width", x_log=True, y_log=True, legend_values=False)
