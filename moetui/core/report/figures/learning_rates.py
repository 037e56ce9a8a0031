"""learning_rate_analysis.png: loss, accuracy and perplexity against the learning rate, with the statements on the rates."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from moetui.core.catalogue.records import RunRecord
from moetui.core.report.figures import scores, style
from moetui.core.report.subject import SCORES, Subject
from moetui.core.science import reported
from moetui.core.science.groups import COUNTING
from moetui.core.science.measure import MEASURES, Measure
from moetui.core.science.response import Response

GREY: Final = "#555555"
CLASSES: Final = {"safe": "#009E73", "open": "#E69F00"}
"""Classes of learning rates that are shaded, with their colours. The others are left blank."""
SAFE, OPEN, CLIFF, BEST, INTERVAL, BRACKET, PUBLISHED = (
    "safe zone", "may be safe", "runs diverged", "fitted best", "best rate: 95 % interval", "best rate: bracket", "published",
)  # fmt: skip
_NAMES: Final = {"safe": SAFE, "open": OPEN}
_WIDER: Final = 1.04
"""Factor by which a shade reaches beyond its ends, so that one of a single learning rate is seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What the statistics say of the learning rates `lrs`, which ascend; `classes` are "safe", "open", "beyond" or "" (no verdict).

    `best` is the fitted best rate, `interval` its 95 % interval. Without an interval the best rate lies in `bracket`, of which an
    end that is None is open. `cliff` is the lowest rate above the best of which runs diverged.
    """

    lrs: Sequence[float]
    classes: Sequence[str]
    best: float | None = None
    interval: tuple[float, float] | None = None
    bracket: tuple[float | None, float | None] | None = None
    cliff: float | None = None


@style.styled
def draw(subject: Subject) -> Figure:
    """One panel for each score, with the statements of the loss; published scores below, if they have a shape of their own."""
    apart = [key for key in SCORES if _apart(subject, MEASURES[key])]
    figure = Figure(figsize=(12, 7.6 if apart else 4.6), layout="constrained")
    ratios = [5, 3] if apart else [1]
    rows = figure.subplots(len(ratios), len(SCORES), squeeze=False, height_ratios=ratios)
    handles: list[Line2D] = []
    for axes, key in zip(rows[0], SCORES, strict=True):
        handles = _panel(axes, subject, MEASURES[key]) or handles
    for axes, key in zip(rows[1] if apart else (), SCORES, strict=bool(apart)):
        if key in apart:
            _reported(axes, subject, MEASURES[key])
        else:
            axes.remove()
    style.legend_below(figure, [*handles, *_marks(figure.axes)])
    figure.suptitle(style.label(f"Response to the learning rate: {subject.item.word}", 100) + _reservation(subject))
    return figure


def mark(axes: Axes, statement: Statement) -> None:
    """Shade the rates that are safe or may be, hatch those that diverge, and mark the best. Needs the final limits of the axis.

    Without a class at any rate there is no verdict, and nothing is shaded or hatched. No best rate is drawn in a cliff: a
    divergence below the best rate is a cross in the panel, and no cliff.
    """
    runs = groupby(zip(statement.lrs, statement.classes, strict=True), key=lambda pair: pair[1])
    for name, members in runs:
        if name in CLASSES:
            lrs = [lr for lr, _ in members]
            axes.axvspan(
                lrs[0] / _WIDER, lrs[-1] * _WIDER, color=CLASSES[name], alpha=0.16, linewidth=0, gid=_NAMES[name]
            )
    reach = max((end for end in (statement.best, *(statement.interval or ())) if end is not None), default=0.0)
    if statement.cliff is not None and statement.cliff > reach and any(statement.classes):
        axes.axvspan(
            statement.cliff, axes.get_xlim()[1], facecolor="none", edgecolor="#999999", hatch="///", linewidth=0, alpha=0.5,
            gid=CLIFF,
        )  # fmt: skip
    if statement.best is not None:
        axes.axvline(statement.best, color=GREY, linestyle=":", gid=BEST)
    if statement.interval is not None:
        _along(axes, statement.interval, INTERVAL)
    elif statement.bracket is not None:
        _along(axes, statement.bracket, BRACKET)


def statement_of(response: Response) -> Statement:
    """The statement of a response, as it is drawn."""
    points, optimum = response.points, response.optimum
    fitted = optimum if optimum and optimum.fitted else None
    bracket = optimum.bracket if optimum and not optimum.fitted else None
    return Statement(
        lrs=[point.lr for point in points],
        classes=[point.safety for point in points],
        best=fitted.lr if fitted else None,
        interval=(fitted.low, fitted.high) if fitted and fitted.low and fitted.high else None,
        bracket=(bracket.low, bracket.high) if bracket else None,
        cliff=response.cliff.beyond if response.cliff else None,
    )


def _along(axes: Axes, ends: tuple[float | None, float | None], gid: str) -> None:
    """A line along the bottom of a panel; an open end has an arrow head at the edge of the panel."""
    left, right = axes.get_xlim()
    low, high = (end if end is not None else edge for end, edge in zip(ends, (left, right), strict=True))
    marks = ["|" if end is not None else arrow for end, arrow in zip(ends, "<>", strict=True)]
    facts: dict[str, Any] = {"color": "black", "transform": axes.get_xaxis_transform(), "gid": gid, "clip_on": False}
    axes.plot([low, high], [0.03, 0.03], linewidth=3 if gid == INTERVAL else 1.2, solid_capstyle="butt", **facts)
    for place, marker in zip((low, high), marks, strict=True):
        axes.plot([place], [0.03], marker, markersize=8, **(facts | {"gid": f"end of {gid}"}))


def _panel(axes: Axes, subject: Subject, measure: Measure) -> list[Line2D]:
    handles: list[Line2D] = []
    values: list[float] = []
    ends: list[float] = []
    responses = _drawn(subject, measure)
    for index, response in enumerate(responses):
        handles.append(_curve(axes, response, index, measure, values, ends))
    if not _apart(subject, measure, fewest=1):
        values += _diamonds(axes, subject, measure)
    axes.set_xlabel("learning rate")
    _set_rates(axes, [point.lr for response in responses for point in response.points])
    scores.show(axes, "y", measure, values, ends)
    if subject.leading is not None:
        mark(axes, statement_of(subject.leading))
    return handles


def _drawn(subject: Subject, measure: Measure) -> list[Response]:
    """The responses of one's own runs; those of published results where there are no others."""
    responses = subject.responses[measure.key]
    own = [response for response in responses if not response.published]
    return list(own or responses)[: style.MOST]


def _set_rates(axes: Axes, lrs: Sequence[float]) -> None:
    """A logarithmic axis that the learning rates fill."""
    if lrs:
        margin = (max(lrs) / min(lrs)) ** 0.06 * 1.02
        axes.set_xlim(min(lrs) / margin, max(lrs) * margin)
    style.log_x(axes)


def _curve(
    axes: Axes, response: Response, index: int, measure: Measure, values: list[float], ends: list[float]
) -> Line2D:
    look = style.look(index)
    points = [point for point in response.points if point.group.n]
    means = [point.group.mean for point in points]
    facts = style.hollow() if response.published else {"linestyle": look.line}
    several = any(point.group.n > 1 for point in points)
    name = style.label(response.name, 60) or ("mean over seeds" if several else "one run each")
    if response.published:
        name = PUBLISHED
    lrs = [point.lr for point in points]
    (line,) = axes.plot(lrs, means, marker=look.marker, color=look.colour, label=name, **facts)
    values += means
    for point, mean in zip(points, means, strict=True):
        summary = point.group.summary
        if summary.low is not None and summary.high is not None:
            low, high = scores.possible(measure, summary.low, summary.high)
            bar = [[mean - low], [high - mean]]
            axes.errorbar([point.lr], [mean], yerr=bar, fmt="none", ecolor=look.colour, capsize=3)
            ends += [low, high]
    for point in response.points:
        if point.group.diverged:
            style.diverged(axes, point.lr, 1.0, across=True)
    return line


def _known(subject: Subject, measure: Measure) -> list[tuple[RunRecord, float, float]]:
    """The published results that do not make the curves themselves: record, learning rate and score."""
    records = [run.record for run in subject.published]
    if not all(response.published for response in subject.responses[measure.key]):
        records += [run.record for run in subject.runs if run.record.published]
    found = ((record, record.lr, measure.value(record)) for record in records if record.status in COUNTING)
    return [(record, lr, value) for record, lr, value in found if lr and value is not None]


def _apart(subject: Subject, measure: Measure, *, fewest: int = reported.FEWEST) -> bool:
    """Whether there are as many published scores as make a panel of their own, and they may not share one's own."""
    known = _known(subject, measure)
    points = [point for response in _drawn(subject, measure) for point in response.points if point.group.n]
    own = [run.record for run in subject.runs if not run.record.published]
    beside = (
        reported.comparable((record for record, _, _ in known), own)
        and reported.fits([value for _, _, value in known], [point.group.mean for point in points])
        and reported.fits([math.log(lr) for _, lr, _ in known], [math.log(point.lr) for point in points])
    )
    return len(known) >= fewest and not beside


def _diamonds(axes: Axes, subject: Subject, measure: Measure) -> list[float]:
    """Published scores as hollow markers; returns them."""
    pairs = [(lr, value) for _, lr, value in _known(subject, measure)]
    if pairs:
        facts = style.hollow(marker="D", color="black", gid=PUBLISHED)
        axes.plot(*zip(*pairs, strict=True), label=PUBLISHED, **facts)
    return [value for _, value in pairs]


def _reported(axes: Axes, subject: Subject, measure: Measure) -> None:
    """Published scores in a panel of their own."""
    known = _known(subject, measure)
    values = _diamonds(axes, subject, measure)
    axes.set_title(reported.title(record for record, _, _ in known))
    axes.set_xlabel("learning rate")
    _set_rates(axes, [lr for _, lr, _ in known])
    scores.show(axes, "y", measure, values)


def _reservation(subject: Subject) -> str:
    """What a reader must know before anything else: one seed at every rate says nothing of the noise."""
    response = subject.leading
    if response is None or any(point.group.n > 1 for point in response.points):
        return ""
    return " (one run at every rate: no verdict)"


def _marks(panels: Sequence[Axes]) -> list[Line2D]:
    """Legend of what is no curve, as far as it is drawn."""
    drawn = {artist.get_gid() for axes in panels for artist in (*axes.get_lines(), *axes.patches)}
    looks = {
        PUBLISHED: {"marker": "D", "color": "black", **style.hollow()},
        SAFE: {"color": CLASSES["safe"], "alpha": 0.3, "linewidth": 8},
        OPEN: {"color": CLASSES["open"], "alpha": 0.3, "linewidth": 8},
        CLIFF: {"color": "#999999", "alpha": 0.7, "linewidth": 8, "linestyle": (0, (0.3, 0.3))},
        BEST: {"color": GREY, "linestyle": ":"},
        INTERVAL: {"color": "black", "linewidth": 3},
        BRACKET: {"color": "black", "linewidth": 1.2, "marker": "|"},
    }
    found = [Line2D([], [], label=name, **facts) for name, facts in looks.items() if name in drawn]
    return [*found, *([style.cross()] if "diverged" in drawn else [])]
