"""learning_rate_analysis.png: loss, accuracy and perplexity against the learning rate, with the safe zone and the cliff."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from moetui.core.report.figures import style
from moetui.core.report.subject import SCORES, Subject
from moetui.core.science.evidence import Evidence
from moetui.core.science.frame import frame
from moetui.core.science.measure import MEASURES, Measure
from moetui.core.science.response import Response

GREY = "#555555"


@style.styled
def draw(subject: Subject) -> Figure:
    """One panel for each score; the zone and the cliff are those of the loss."""
    figure = Figure(figsize=(12, 4.6), layout="constrained")
    panels = figure.subplots(1, len(SCORES))
    handles: list[Line2D] = []
    for axes, key in zip(panels, SCORES, strict=True):
        handles = _panel(axes, subject, MEASURES[key]) or handles
    style.legend_below(figure, [*handles, *_marks(subject)])
    figure.suptitle(style.label(f"Response to the learning rate: {subject.item.word}", 100))
    return figure


def _panel(axes: Axes, subject: Subject, measure: Measure) -> list[Line2D]:
    handles: list[Line2D] = []
    values: list[float] = []
    ends: list[float] = []
    for index, response in enumerate(subject.responses[measure.key][: style.MOST]):
        handles.append(_curve(axes, response, index, values, ends))
    values += _published(axes, subject.published, measure)
    _zone(axes, subject.leading)
    axes.set_xlabel("learning rate")
    axes.set_ylabel(f"{measure.label} ({measure.unit})" if measure.unit == "nats" else measure.label)
    style.log_x(axes)
    if values:
        low, high = frame(values, ends)
        if measure.key == "val_perplexity":
            axes.set_ylim(max(low, min(values) / 1.3), high)
            style.log_y(axes)
        else:
            axes.set_ylim(low, high)
    if measure.key == "val_accuracy":
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g} %")
    return handles


def _curve(axes: Axes, response: Response, index: int, values: list[float], ends: list[float]) -> Line2D:
    look = style.look(index)
    points = [point for point in response.points if point.group.n]
    lrs = [point.lr for point in points]
    means = [point.group.mean for point in points]
    facts = style.hollow() if response.published else {"linestyle": look.line}
    name = "published" if response.published else style.label(response.name, 60) or "mean over seeds"
    (line,) = axes.plot(lrs, means, marker=look.marker, color=look.colour, label=name, **facts)
    values += means
    for point in points:
        if point.group.n > 1 and point.group.summary.low is not None and point.group.summary.high is not None:
            half = point.group.summary.high - point.group.mean
            axes.errorbar([point.lr], [point.group.mean], yerr=[half], fmt="none", ecolor=look.colour, capsize=3)
            ends += [point.group.mean - half, point.group.mean + half]
    for point in response.points:
        if point.group.diverged:
            style.diverged(axes, point.lr, 1.0, across=True)
    return line


def _published(axes: Axes, runs: Sequence[Evidence], measure: Measure) -> list[float]:
    """Published values as hollow markers; returns them."""
    pairs = [(run.record.lr, measure.value(run.record)) for run in runs if run.record.lr]
    known = [(lr, value) for lr, value in pairs if value is not None]
    if known:
        axes.plot(*zip(*known, strict=True), marker="D", color="black", label="published", **style.hollow())
    return [value for _, value in known]


def _zone(axes: Axes, response: Response | None) -> None:
    if response is None:
        return
    if response.zone:
        low, high = response.zone.low, response.zone.high
        axes.axvspan(low / 1.03, high * 1.03, color="#009E73", alpha=0.14, linewidth=0, gid="safe zone")
    if response.cliff:
        last, beyond = response.cliff.last, response.cliff.beyond
        axes.axvspan(
            last * 1.03, beyond, facecolor="none", edgecolor="#999999", hatch="///", linewidth=0, alpha=0.5, gid="cliff"
        )
    if response.optimum and response.optimum.fitted:
        axes.axvline(response.optimum.lr, color=GREY, linestyle=":", gid="fitted best")


def _marks(subject: Subject) -> list[Line2D]:
    """Legend of what is no curve."""
    marks = []
    if subject.published:
        marks.append(Line2D([], [], marker="D", color="black", label="published", **style.hollow()))
    response = subject.leading
    if response and response.zone:
        marks.append(Line2D([], [], color="#009E73", alpha=0.3, linewidth=8, label="safe zone"))
    if response and response.cliff:
        marks.append(Line2D([], [], color="#999999", alpha=0.7, linewidth=8, linestyle=(0, (0.3, 0.3)), label="cliff"))
    if response and response.optimum and response.optimum.fitted:
        marks.append(Line2D([], [], color=GREY, linestyle=":", label="fitted best"))
    if any(p.group.diverged for one in subject.responses["val_loss"] for p in one.points):
        marks.append(style.cross())
    return marks
