"""metrics_plot.png and val_loss_vs_time.png: what the evaluations measured during training."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from moetui.core.report.figures import scores, style
from moetui.core.report.paths import Path, mean_path
from moetui.core.report.subject import Subject
from moetui.core.science import reported
from moetui.core.science.groups import Group
from moetui.core.science.measure import MEASURES

PUBLISHED: Final = "published"
RISE: Final = "rises after its best (inflection)"
FINE: Final = 1 / 50
"""A rise after the best that is smaller than this share of the axis is enlarged in an inset."""


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A setting that has curves, as it is drawn."""

    setting: Group
    name: str
    look: style.Look


@style.styled
def panels(subject: Subject) -> Figure:
    """Loss against time and against updates, accuracy, and perplexity on a log axis."""
    figure = Figure(figsize=(11, 7.8), layout="constrained")
    ((time, loss), (accuracy, perplexity)) = figure.subplots(2, 2)
    settings = _with_curves(subject)
    handles = _lines(time, subject, settings, "val_loss", seconds=True)
    _lines(loss, subject, settings, "val_loss")
    _lines(accuracy, subject, settings, "val_accuracy")
    _lines(perplexity, subject, settings, "val_perplexity")
    rise = _shade_rise(loss, subject, settings)
    if rise is not None and rise.height < FINE * abs(np.subtract(*loss.get_ylim())):
        _enlarge(loss, rise)
    style.legend_below(figure, [*handles, *_extras(figure.axes)])
    _title(figure, "Evaluations during training", subject)
    return figure


@style.styled
def against_time(subject: Subject) -> Figure:
    """Validation loss against seconds of training."""
    figure = Figure(figsize=(9, 5.4), layout="constrained")
    axes = figure.subplots()
    handles = _lines(axes, subject, _with_curves(subject), "val_loss", seconds=True)
    style.legend_below(figure, [*handles, *_extras(figure.axes)], columns=3)
    _title(figure, "Validation loss against training time", subject)
    return figure


def _title(figure: Figure, what: str, subject: Subject) -> None:
    settings = len(subject.settings)
    which = f" (the best {style.MOST} of {settings} settings)" if settings > style.MOST else ""
    figure.suptitle(style.label(f"{what}: {subject.item.word}", 80) + which)


def _with_curves(subject: Subject) -> list[_Drawn]:
    """The best settings that have evaluations."""
    able = [one for one in subject.settings if mean_path(subject.details_of(one), "val_loss")][: style.MOST]
    names = style.labels([one.label for one in able])
    return [_Drawn(one, name, style.look(index)) for index, (one, name) in enumerate(zip(able, names, strict=True))]


def _lines(
    axes: Axes, subject: Subject, settings: Sequence[_Drawn], key: str, *, seconds: bool = False
) -> list[Line2D]:
    """The curves of one score, and what documents report where it does not squeeze them; the axes are those of the means.

    Intervals of few seeds can be wider than everything that is to be seen, so they do not set the limits.
    """
    measure = MEASURES[key]
    handles: list[Line2D] = []
    times: list[float] = []
    values: list[float] = []
    for drawn in settings:
        path = mean_path(subject.details_of(drawn.setting), key)
        if path is None:
            continue
        x: Sequence[float] = path.seconds if seconds else path.updates
        handles.append(_curve(axes, drawn, path, x, key))
        times += [time for time in x if math.isfinite(time)]
        values += path.means
        if drawn is settings[0] and key == "val_loss":
            _mark_best(axes, path, x)
    spots = _reported(subject, settings, key, seconds=seconds)
    own = [record for drawn in settings for record in (sample.record for sample in drawn.setting.counted)]
    theirs = [subject.counterparts[drawn.setting.key] for drawn, _, _ in spots]
    if (
        reported.comparable(theirs, own)
        and reported.fits([x for _, x, _ in spots], [0.0, *times])
        and reported.fits([y for _, _, y in spots], values)
    ):
        for drawn, at, score in spots:
            facts = style.hollow(marker="D", color=drawn.look.colour, gid=PUBLISHED)
            axes.plot([at], [score], label=PUBLISHED, **facts)
        values += [y for _, _, y in spots]
    axes.set_xlabel("seconds of training" if seconds else "update")
    axes.set_xlim(left=0)
    scores.show(axes, "y", measure, values)
    return handles


def _curve(axes: Axes, drawn: _Drawn, path: Path, x: Sequence[float], key: str) -> Line2D:
    look = drawn.look
    facts = {"color": look.colour, "linestyle": look.line, "marker": look.marker, "label": drawn.name}
    # Means never leave the limits, and a marker at 0 is to be seen as a whole.
    (line,) = axes.plot(x, path.means, markevery=max(1, len(x) // 8), clip_on=False, **facts)
    intervals = [(value.low, value.high) for value in path.values]
    ends = [
        scores.possible(MEASURES[key], low, high) for low, high in intervals if low is not None and high is not None
    ]
    if len(ends) == len(x):
        lows, highs = zip(*ends, strict=True)
        axes.fill_between(x, lows, highs, color=look.colour, alpha=0.15, linewidth=0)
    return line


def _reported(
    subject: Subject, settings: Sequence[_Drawn], key: str, *, seconds: bool
) -> list[tuple[_Drawn, float, float]]:
    """The scores that documents report of the settings, where they tell their place: setting, time or update, score."""
    found = []
    for drawn in settings:
        record = subject.counterparts.get(drawn.setting.key)
        for one in filter(None, (record.final, record.best) if record else ()):
            x, y = one.seconds if seconds else one.update, getattr(one, key)
            if x is not None and y is not None:
                found.append((drawn, float(x), float(y)))
    return found


def _mark_best(axes: Axes, path: Path, x: Sequence[float]) -> None:
    best = path.lowest
    axes.plot(
        [x[best]], [path.means[best]], marker="*", markersize=15, color="#F0E442", markeredgecolor="black",
        linestyle="none", zorder=3, clip_on=False, gid="best",
        label=f"lowest: {path.means[best]:.4f} at update {path.updates[best]}",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Rise:
    """What follows the best evaluation of the best setting: from its update to the last one, and how much higher that ends."""

    first: int
    last: int
    lowest: float
    height: float


def _shade_rise(axes: Axes, subject: Subject, settings: Sequence[_Drawn]) -> _Rise | None:
    """Shade from the best evaluation on, if the health findings of the best setting know of a rise after it."""
    if not settings:
        return None
    runs = subject.details_of(settings[0].setting)
    path = mean_path(runs, "val_loss")
    if path is None or path.lowest == len(path.means) - 1:
        return None
    if not any(finding.kind == "inflection" for run in runs for finding in run.findings):
        return None
    low = path.means[path.lowest]
    rise = _Rise(path.updates[path.lowest], path.updates[-1], low, path.means[-1] - low)
    axes.axvspan(rise.first, rise.last, color="#E69F00", alpha=0.2, linewidth=0, label=RISE, gid="inflection")
    return rise


def _enlarge(axes: Axes, rise: _Rise) -> None:
    """The end of the curves once more, so large that the rise fills a good part of the inset."""
    lines = [line for line in axes.get_lines() if line.get_gid() is None]
    left = max(0.0, rise.first - 1.5 * (rise.last - rise.first))
    place = _emptiest(axes, lines)
    paper: dict[str, Any] = {
        "facecolor": "white",
        "edgecolor": "none",
        "transform": axes.transAxes,
        "zorder": 4,
        "alpha": 0.85,
    }
    (x0, y0), (x1, y1) = _paper(place)
    axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, **paper))
    inset = axes.inset_axes(place, gid="inset", zorder=5)
    for line in lines:
        inset.plot(
            line.get_xdata(), line.get_ydata(), color=line.get_color(), linestyle=line.get_linestyle(), marker="."
        )
    inset.plot([rise.first], [rise.lowest], "*", markersize=11, color="#F0E442", markeredgecolor="black", zorder=5)
    inset.axvspan(rise.first, rise.last, color="#E69F00", alpha=0.2, linewidth=0)
    inset.set_xlim(left, rise.last + 0.05 * (rise.last - left))
    inset.set_ylim(rise.lowest - 0.5 * rise.height, rise.lowest + 2.5 * rise.height)
    inset.set_title(f"the end: {rise.height:.4f} nats above the lowest", fontsize="small", pad=3)
    inset.tick_params(labelsize="small")
    inset.spines[:].set_visible(True)
    axes.indicate_inset_zoom(inset, edgecolor="#777777")


_PLACES: Final = tuple((x, y, 0.46, 0.36) for y in (0.52, 0.4, 0.3, 0.22) for x in (0.52, 0.34, 0.16))
"""Where an inset may lie, as shares of the panel: left, bottom, width, height; the first is the usual one."""


def _paper(place: tuple[float, float, float, float]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Lower left and upper right corner of an inset together with its numbers and its title."""
    x, y, width, height = place
    return (x - 0.1, y - 0.08), (x + width + 0.02, y + height + 0.06)


def _emptiest(axes: Axes, lines: Sequence[Line2D]) -> tuple[float, float, float, float]:
    """The place that the curves cross least."""
    to_axes = axes.transData + axes.transAxes.inverted()
    points = [to_axes.transform(_dense(line)) for line in lines]

    def crossed(place: tuple[float, float, float, float]) -> int:
        lower, upper = map(np.array, _paper(place))
        return sum(int(np.all((at >= lower) & (at <= upper), axis=1).sum()) for at in points)

    return min(_PLACES, key=crossed)


def _dense(line: Line2D) -> npt.NDArray[np.float64]:
    x, y = (np.asarray(data, dtype=np.float64) for data in (line.get_xdata(), line.get_ydata()))
    at = np.linspace(x[0], x[-1], 200)
    return np.stack([at, np.interp(at, x, y)], axis=1)


def _extras(panels: Sequence[Axes]) -> list[Line2D]:
    """Legend of the star, of the shaded rise and of published values, if they are there."""
    lines = [line for axes in panels for line in axes.get_lines()]
    found = [line for line in lines if line.get_gid() == "best"][:1]
    if any(line.get_gid() == PUBLISHED for line in lines):
        found.append(Line2D([], [], label=PUBLISHED, **style.hollow(marker="D", color="black")))
    if any(patch.get_gid() == "inflection" for axes in panels for patch in axes.patches):
        found.append(Line2D([], [], color="#E69F00", alpha=0.3, linewidth=8, label=RISE))
    return found
