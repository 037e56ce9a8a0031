"""best_rate_by_size.png: the best learning rate at each size of a ladder, the line through them, and what it predicts."""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from moetui.core.report.figures import style
from moetui.core.report.subject import Subject
from moetui.core.science.transfer import Found
from moetui.core.studies.transfer import Transfer

COLUMNS = 3
"""Panels beside each other at most."""
POINT, LINE, BAND, PREDICTION = "best rate with 95 % interval", "line", "95 % of one more study", "prediction"


@style.styled
def draw(subject: Subject) -> Figure:
    """A panel for each ladder, with equal axes of rates."""
    ladders = subject.ladders
    columns = min(len(ladders), COLUMNS)
    rows = -(-len(ladders) // columns)
    figure = Figure(figsize=(max(5.2 * columns, 6.0), 4.0 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True).flat
    handles: dict[str, Artist] = {}
    for one, name, axes in zip(ladders, _names(ladders), panels, strict=False):
        _panel(axes, one)
        axes.set_title(name)
        handles |= {str(artist.get_label()): artist for artist in axes.get_legend_handles_labels()[0]}
    for axes in list(figure.axes)[len(ladders) :]:
        axes.remove()
    if any(isinstance(size.found, Found) for one in ladders for size in one.sizes):
        for axes in figure.axes:
            style.log_x(axes)
            style.log_y(axes)
    figure.legend(handles=list(handles.values()), loc="outside lower center", ncols=len(handles) or 1)
    figure.suptitle(style.label(f"Best learning rate by size: {subject.item.word}", 100))
    return figure


def _panel(axes: Axes, one: Transfer) -> None:
    known = [size.found for size in one.sizes if isinstance(size.found, Found)]
    look = style.look(0)
    for found in known:
        ends = found.ends
        reach = None if ends is None else [[found.lr - ends[0]], [ends[1] - found.lr]]
        axes.errorbar(
            [found.size],
            [found.lr],
            reach,
            marker=look.marker,
            color=look.colour,
            linestyle="none",
            capsize=3,
            label=POINT,
        )
    if one.line is not None:
        line = one.line
        sizes = np.geomspace(line.found[0].size, line.next_size, 60)
        told = [line.at(float(size)) for size in sizes]
        axes.plot(sizes, [each.lr for each in told], color=style.look(1).colour, label=LINE)
        bounds = [(each.low, each.high) for each in told if each.low is not None and each.high is not None]
        if len(bounds) == len(told):
            lows, highs = zip(*bounds, strict=True)
            axes.fill_between(sizes, lows, highs, color=style.look(1).colour, alpha=0.14, linewidth=0, label=BAND)
        axes.plot([sizes[-1]], [told[-1].lr], "*", color=style.look(3).colour, markersize=11, label=PREDICTION)
    axes.set_xlabel(one.axis)
    axes.set_ylabel("best learning rate")


def _names(ladders: Sequence[Transfer]) -> list[str]:
    """What tells each ladder from the others, key by key, each on a line."""
    settings = [dict(one.setting) for one in ladders]
    keys = [key for key in settings[0] if len({own.get(key) for own in settings}) > 1]
    return ["\n".join(style.label(f"{key} = {own.get(key)}", 52) for key in keys) for own in settings]
