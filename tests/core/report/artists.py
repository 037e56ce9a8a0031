"""The artists of a figure, as tests read them."""

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D


def lines(axes: Axes) -> Iterator[tuple[Line2D, list[float], list[float]]]:
    for line in axes.get_lines():
        x, y = (np.asarray(data, dtype=np.float64).tolist() for data in (line.get_xdata(), line.get_ydata()))
        yield line, x, y


def bars(axes: Axes) -> dict[float, tuple[float, float]]:
    """Ends of the error bars by the place of their points."""
    found = {}
    for container in axes.containers:
        if isinstance(container, ErrorbarContainer):
            (segments,) = container[2]
            for (x0, y0), (x1, y1) in segments.get_segments():
                found[round(x0 if x0 == x1 else y0, 9)] = (y0, y1) if x0 == x1 else (x0, x1)
    return found


def hollow(axes: Axes) -> list[tuple[list[float], list[float]]]:
    return [(x, y) for line, x, y in lines(axes) if line.get_markerfacecolor() == "none"]


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def panel(figure: Figure, label: str) -> Axes:
    """The one panel whose axis of values begins with this label."""
    (found,) = [
        axes for axes in figure.axes if axes.get_xlabel().startswith(label) or axes.get_ylabel().startswith(label)
    ]
    return found


def share(axes: Axes, side: str, values: Sequence[float]) -> float:
    """How much of one side of a panel lies between the lowest and the highest of some values."""
    place = 0 if side == "x" else 1
    points = [(value, 1.0) if side == "x" else (1.0, value) for value in (min(values), max(values))]
    low, high = ((axes.transData + axes.transAxes.inverted()).transform(point)[place] for point in points)
    return float(high - low)


def words(axes: Axes) -> list[str]:
    """The words that stand in a panel."""
    return [text.get_text() for text in axes.texts]
