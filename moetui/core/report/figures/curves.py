"""metrics_plot.png and val_loss_vs_time.png: what the evaluations measured during training."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from moetui.core.report.figures import style
from moetui.core.report.paths import Path, mean_path
from moetui.core.report.subject import Subject
from moetui.core.science.groups import Group

PUBLISHED: Final = "published"


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
    _shade_inflection(loss, subject, settings)
    accuracy.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g} %")
    style.log_y(perplexity)
    style.legend_below(figure, [*handles, *_extras(loss)])
    _title(figure, "Evaluations during training", subject)
    return figure


@style.styled
def against_time(subject: Subject) -> Figure:
    """Validation loss against seconds of training."""
    figure = Figure(figsize=(9, 5.4), layout="constrained")
    axes = figure.subplots()
    handles = _lines(axes, subject, _with_curves(subject), "val_loss", seconds=True)
    style.legend_below(figure, [*handles, *_extras(axes)], columns=3)
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
    handles = []
    for drawn in settings:
        path = mean_path(subject.details_of(drawn.setting), key)
        if path is None:
            continue
        x = path.seconds if seconds else path.updates
        look = drawn.look
        (line,) = axes.plot(
            x,
            path.means,
            color=look.colour,
            linestyle=look.line,
            marker=look.marker,
            markevery=max(1, len(x) // 8),
            label=drawn.name,
        )
        handles.append(line)
        if path.values[0].low is not None:
            low, high = ([getattr(value, end) for value in path.values] for end in ("low", "high"))
            axes.fill_between(x, low, high, color=look.colour, alpha=0.15, linewidth=0)
        if drawn is settings[0] and key == "val_loss":
            _mark_best(axes, path, x)
    reported = [line for drawn in settings for line in _published(axes, subject, drawn, key, seconds=seconds)]
    axes.set_xlabel("seconds of training" if seconds else "update")
    axes.set_ylabel(
        {
            "val_loss": "validation loss (nats)",
            "val_accuracy": "validation accuracy",
            "val_perplexity": "validation perplexity",
        }[key]
    )
    _focus(axes, [*handles, *reported])
    return handles


def _published(axes: Axes, subject: Subject, drawn: _Drawn, key: str, *, seconds: bool) -> list[Line2D]:
    """The scores that a document reports of the same setting, as hollow markers where it tells their place."""
    record = subject.counterparts.get(drawn.setting.key)
    lines = []
    for scores in filter(None, (record.final, record.best) if record else ()):
        x, y = scores.seconds if seconds else scores.update, getattr(scores, key)
        if x is not None and y is not None:
            facts = style.hollow(marker="D", color=drawn.look.colour, gid=PUBLISHED)
            lines += axes.plot([x], [y], label=PUBLISHED, **facts)
    return lines


def _mark_best(axes: Axes, path: Path, x: Sequence[float]) -> None:
    best = path.lowest
    axes.plot(
        [x[best]], [path.means[best]], marker="*", markersize=15, color="#F0E442", markeredgecolor="black",
        linestyle="none", zorder=5, label=f"lowest: {path.means[best]:.4f} at update {path.updates[best]}", gid="best",
    )  # fmt: skip


def _focus(axes: Axes, lines: Sequence[Line2D]) -> None:
    """Limits by the means, as the intervals of few seeds can be wider than everything that is to be seen."""
    values = [np.asarray(line.get_ydata(), dtype=np.float64) for line in lines]
    if values:
        low, high = min(float(v.min()) for v in values), max(float(v.max()) for v in values)
        pad = 0.06 * ((high - low) or abs(high) or 1.0)
        axes.set_ylim(low - min(pad, 0.2 * abs(low)), high + pad)


def _shade_inflection(axes: Axes, subject: Subject, settings: Sequence[_Drawn]) -> None:
    """From the best evaluation on, if the health findings of the best setting know of a rise after it."""
    if not settings:
        return
    runs = subject.details_of(settings[0].setting)
    path = mean_path(runs, "val_loss")
    if path and any(finding.kind == "inflection" for run in runs for finding in run.findings):
        axes.axvspan(
            path.updates[path.lowest], path.updates[-1], color="#E69F00", alpha=0.2, linewidth=0,
            label="rises after its best (inflection)", gid="inflection",
        )  # fmt: skip


def _extras(axes: Axes) -> list[Line2D]:
    """Legend of the star, of the shaded rise and of published values, if they are there."""
    found = [line for line in axes.get_lines() if line.get_gid() == "best"]
    if any(line.get_gid() == PUBLISHED for line in axes.get_lines()):
        found.append(Line2D([], [], label=PUBLISHED, **style.hollow(marker="D", color="black")))
    if any(patch.get_gid() == "inflection" for patch in axes.patches):
        found.append(Line2D([], [], color="#E69F00", alpha=0.3, linewidth=8, label="rises after its best (inflection)"))
    return found
