"""The chart of a ladder: the best learning rate at each size, with its line."""

from moetui.core.science.transfer import Found
from moetui.core.studies.transfer import Transfer
from moetui.tui.chart.palette import slot
from moetui.tui.chart.spec import ChartSpec, Series


def transfer_chart(one: Transfer) -> ChartSpec:
    """Points with the line through them, on logarithmic axes."""
    known = [size.found for size in one.sizes if isinstance(size.found, Found)]
    series = [Series("best rate", [f.size for f in known], [f.lr for f in known], slot(0), points=True, line=False)]
    if one.line is not None:
        ends = [known[0].size, known[-1].size]
        series.append(Series("line", ends, [one.line.at(size).lr for size in ends], slot(1)))
    title = "Best learning rate"
    return ChartSpec(title=title, series=tuple(series), x_label=one.axis, x_log=True, y_log=True, legend_values=False)
