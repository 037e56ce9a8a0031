"""Dots with intervals for each setting: detailed_comparison.png and cosine_annealing_results_comparison.png."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from moetui.core.report.figures import style
from moetui.core.report.subject import Subject
from moetui.core.science.frame import frame
from moetui.core.science.groups import Group
from moetui.core.science.measure import LOSS, MEASURES, Measure


@style.styled
def compared(subject: Subject) -> Figure:
    """Final loss, accuracy, perplexity and training time, a row for each setting."""
    figure = _figure(subject, width=13.0)
    panels = figure.subplots(1, len(MEASURES), sharey=True)
    for axes, measure in zip(panels, MEASURES.values(), strict=True):
        _values(axes, subject, measure)
    return _finished(figure, panels[0], subject, f"Settings compared: {subject.item.word}")


@style.styled
def schedules_compared(subject: Subject) -> Figure:
    """Loss and accuracy of each schedule, and how far its loss is from the best."""
    figure = _figure(subject, width=12.0)
    panels = figure.subplots(1, 3, sharey=True)
    _values(panels[0], subject, LOSS)
    _differences(panels[1], subject)
    _values(panels[2], subject, MEASURES["val_accuracy"])
    return _finished(figure, panels[0], subject, f"Schedules compared: {subject.item.word}")


def _values(axes: Axes, subject: Subject, measure: Measure) -> None:
    values: list[float] = []
    ends: list[float] = []
    for row, setting in enumerate(subject.settings):
        group = subject.group(setting, measure.key)
        _dots(axes, row, group, values, ends)
        reported = subject.counterparts.get(setting.key)
        known = measure.value(reported) if reported else None
        if known is not None:
            axes.plot([known], [row], marker="D", color="black", label="published", **style.hollow())
            values.append(known)
        if setting.diverged and measure is LOSS:
            style.diverged(axes, 1.0, row, across=False)
    if values:
        axes.set_xlim(*frame(values, ends))
    unit = {"val_loss": " (nats)", "seconds": " (s)"}.get(measure.key, "")
    axes.set_xlabel(f"{measure.label}{unit}")
    axes.locator_params(axis="x", nbins=5)
    if measure.key == "val_accuracy":
        axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g} %")


def _dots(axes: Axes, row: int, group: Group, values: list[float], ends: list[float]) -> None:
    """The mean with its interval, and each seed as a faint dot if there are several."""
    if not group.n:
        return
    look = style.look(0)
    published = all(sample.record.published for sample in group.samples)
    facts = style.hollow(marker="D", color="black") if published else {"marker": "o", "color": look.colour}
    axes.plot([group.mean], [row], **facts)
    values += group.values
    summary = group.summary
    if group.n > 1 and summary.high is not None:
        half = summary.high - group.mean
        axes.plot(group.values, [row] * group.n, "|", color=look.colour, alpha=0.5, markersize=9)
        axes.errorbar([group.mean], [row], xerr=[half], fmt="none", ecolor=look.colour, capsize=3)
        ends += [group.mean - half, group.mean + half]


def _differences(axes: Axes, subject: Subject) -> None:
    comparison = subject.comparison
    values, ends = [0.0], [0.0]
    for row, setting in enumerate(subject.settings):
        one = comparison.of(setting)
        if one is None or one.estimate is None:
            continue
        values.append(one.estimate)
        sure = one.verdict in ("better", "worse")
        axes.plot(
            [one.estimate], [row], "s", color="#D55E00", markerfacecolor="#D55E00" if sure else "white", gid=one.verdict
        )
        if one.low is not None and one.high is not None:
            half = (one.high - one.low) / 2
            axes.errorbar([one.estimate], [row], xerr=[half], fmt="none", ecolor="#D55E00", capsize=3, zorder=1)
            ends += [one.low, one.high]
    axes.axvline(0.0, color="black", linewidth=0.8)
    axes.set_xlim(*frame(values, ends))
    axes.set_xlabel("loss above that of the best (nats)\nfilled: a verdict; open: none, or not distinguishable")


def _figure(subject: Subject, width: float) -> Figure:
    rows = len(subject.settings)
    return Figure(figsize=(width, 1.9 + 0.3 * max(rows, 3)), layout="constrained")


def _finished(figure: Figure, first: Axes, subject: Subject, title: str) -> Figure:
    settings = subject.settings
    first.set_yticks(range(len(settings)), _row_names(settings))
    first.set_ylim(len(settings) - 0.4, -0.6)  # the best on top
    figure.suptitle(style.label(title, 100))
    style.legend_below(figure, _legend(subject))
    return figure


def _legend(subject: Subject) -> list[Line2D]:
    settings, colour = subject.settings, style.look(0).colour
    origins = {sample.record.published for setting in settings for sample in setting.samples}
    handles = []
    if False in origins:
        handles.append(Line2D([], [], marker="o", color=colour, linestyle="none", label="mean over seeds"))
    if True in origins or subject.counterparts:
        handles.append(Line2D([], [], marker="D", color="black", label="published", **style.hollow()))
    if any(setting.n > 1 for setting in settings):
        handles.append(Line2D([], [], color=colour, label="95 % interval"))
        handles.append(Line2D([], [], marker="|", linestyle="none", markersize=9, color=colour, label="one run"))
    if any(setting.diverged for setting in settings):
        handles.append(style.cross())
    return handles


def _row_names(settings: Sequence[Group]) -> list[str]:
    names = style.labels([setting.label for setting in settings])
    return [f"{name} (n = {setting.n})" for name, setting in zip(names, settings, strict=True)]
