"""A row for each setting: detailed_comparison.png and cosine_annealing_results_comparison.png."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from moetui.core.report.figures import differences, scores, style
from moetui.core.report.subject import Subject
from moetui.core.science import reported
from moetui.core.science.groups import Group
from moetui.core.science.measure import LOSS, MEASURES, Measure

OWN, PUBLISHED, INTERVAL, RUN = "own", "published", "95 % interval of the mean", "one run"

Panel = Callable[[Axes], None]

_IN_A_LINE: Final = 4
"""More panels than this stand in two lines, if the settings are few."""
_LOW: Final = 10
"""So many settings are few."""


@style.styled
def compared(subject: Subject) -> Figure:
    """Differences in loss; final loss, accuracy, perplexity and training time."""
    return _figure(subject, [LOSS], list(MEASURES.values()), f"Settings compared: {subject.item.word}")


@style.styled
def schedules_compared(subject: Subject) -> Figure:
    """Differences in loss and accuracy, and the scores themselves."""
    chosen = [LOSS, MEASURES["val_accuracy"]]
    return _figure(subject, chosen, chosen, f"Schedules compared: {subject.item.word}")


def _figure(subject: Subject, gaps: Sequence[Measure], measures: Sequence[Measure], title: str) -> Figure:
    """The panels side by side. Differences lead where the seeds are blocks, and follow the first score elsewhere."""
    apart: list[Panel] = [
        partial(differences.draw, subject=subject, measure=measure)
        for measure in gaps
        if differences.known(subject.comparisons[measure.key])
    ]
    means: list[Panel] = [partial(_values, subject=subject, measure=measure) for measure in measures]
    ordered = [*apart, *means] if subject.comparison.blocks else [means[0], *apart, *means[1:]]
    if len(_published_losses(subject)) >= reported.FEWEST and not _beside(subject, LOSS):
        ordered.append(partial(_reported, subject=subject))
    rows = len(subject.settings)
    columns = len(ordered) if len(ordered) <= _IN_A_LINE or rows > _LOW else (len(ordered) + 1) // 2
    lines = -(-len(ordered) // columns)
    size = (2.2 + 2.8 * columns, 0.9 + lines * (1.0 + 0.3 * max(rows, 3)))
    figure = Figure(figsize=size, layout="constrained")
    grid = list(figure.subplots(lines, columns, sharey=True, squeeze=False).flat)
    for axes in grid[len(ordered) :]:
        axes.remove()
    panels = grid[: len(ordered)]
    for panel, axes in zip(ordered, panels, strict=True):
        panel(axes)
    panels[0].set_yticks(range(rows), _row_names(subject.settings))
    panels[0].set_ylim(rows - 0.4, -0.6)  # the best on top
    figure.suptitle(style.label(title, 100))
    style.legend_below(figure, _legend(subject, panels, compared=bool(apart)))
    return figure


def _values(axes: Axes, subject: Subject, measure: Measure) -> None:
    """Means and single runs. Intervals of means that share their seeds would overlap whatever the differences are."""
    blocked = subject.comparisons[measure.key].blocks
    values: list[float] = []
    ends: list[float] = []
    for row, setting in enumerate(subject.settings):
        group = subject.group(setting, measure.key)
        if group.n:
            _mean(axes, row, group)
            values += group.values
        if group.n > 1 and not blocked:
            ends += _bar(axes, row, group, measure)
        if setting.diverged and measure is LOSS:
            style.diverged(axes, 1.0, row, across=False)
    if _beside(subject, measure):
        values += _diamonds(axes, subject, measure)
    note = "means and single runs" if blocked else "means with 95 % intervals" if ends else "single runs"
    scores.show(axes, "x", measure, values, ends, note=note)


def _mean(axes: Axes, row: int, group: Group) -> None:
    """The mean, and each run as a tick if there are several."""
    colour = style.look(0).colour
    theirs = all(sample.record.published for sample in group.samples)
    facts = style.hollow(marker="D", color="black") if theirs else {"marker": "o", "color": colour}
    if group.n > 1:
        axes.plot(group.values, [row] * group.n, "|", color=colour, alpha=0.7, markersize=11, gid=RUN)
    axes.plot([group.mean], [row], gid=PUBLISHED if theirs else OWN, **facts)


def _bar(axes: Axes, row: int, group: Group, measure: Measure) -> tuple[float, ...]:
    """The interval of a mean as far as the score can reach; returns its ends."""
    summary = group.summary
    if summary.low is None or summary.high is None:
        return ()
    low, high = scores.possible(measure, summary.low, summary.high)
    bar = axes.errorbar(
        [group.mean], [row], xerr=[[group.mean - low], [high - group.mean]], fmt="none",
        ecolor=style.look(0).colour, capsize=3,
    )  # fmt: skip
    bar.set_label(INTERVAL)
    return low, high


def _diamonds(axes: Axes, subject: Subject, measure: Measure) -> list[float]:
    """What documents report of the settings, as hollow markers; returns the values."""
    found = []
    for row, setting in enumerate(subject.settings):
        record = subject.counterparts.get(setting.key)
        value = measure.value(record) if record else None
        if value is not None:
            axes.plot([value], [row], gid=PUBLISHED, **style.hollow(marker="D", color="black"))
            found.append(value)
    return found


def _reported(axes: Axes, subject: Subject) -> None:
    """The published losses in a panel of their own, as those of other models would squeeze one's own."""
    values = _diamonds(axes, subject, LOSS)
    scores.show(axes, "x", LOSS, values, note=reported.title(subject.counterparts.values()))


def _beside(subject: Subject, measure: Measure) -> bool:
    """Whether published values share the axis of a score."""
    own = [value for setting in subject.settings for value in subject.group(setting, measure.key).values]
    known = [value for record in subject.counterparts.values() if (value := measure.value(record)) is not None]
    return reported.comparable(subject.counterparts.values(), subject.records) and reported.fits(known, own)


def _published_losses(subject: Subject) -> list[float]:
    known = (LOSS.value(record) for record in subject.counterparts.values())
    return [value for value in known if value is not None]


def _legend(subject: Subject, panels: Sequence[Axes], *, compared: bool) -> list[Line2D]:
    """What is drawn in any of the panels."""
    colour = style.look(0).colour
    drawn = {line.get_gid() for axes in panels for line in axes.get_lines()}
    handles = []
    if OWN in drawn:
        label = "mean over seeds" if RUN in drawn else "one run"
        handles.append(Line2D([], [], marker="o", color=colour, linestyle="none", label=label))
    if PUBLISHED in drawn:
        handles.append(Line2D([], [], label="published", **style.hollow(marker="D", color="black")))
    if any(bar.get_label() == INTERVAL for axes in panels for bar in axes.containers):
        handles.append(Line2D([], [], color=colour, label=INTERVAL))
    if RUN in drawn:
        handles.append(Line2D([], [], marker="|", linestyle="none", markersize=9, color=colour, label="one run"))
    if compared:
        handles += differences.legend()
    if any(setting.diverged for setting in subject.settings):
        handles.append(style.cross())
    return handles


def _row_names(settings: Sequence[Group]) -> list[str]:
    names = style.labels([setting.label for setting in settings])
    return [f"{name} (n = {setting.n})" for name, setting in zip(names, settings, strict=True)]
