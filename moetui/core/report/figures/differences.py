"""A panel of differences from the reference: estimate and interval as the comparison gives them, a row for each setting."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import SymmetricalLogLocator

from moetui.core.report.figures import style
from moetui.core.report.subject import Subject
from moetui.core.science.comparison import Comparison
from moetui.core.science.difference import Difference
from moetui.core.science.frame import frame
from moetui.core.science.groups import Group
from moetui.core.science.measure import Measure

COLOUR: Final = "#D55E00"
GREY: Final = "#777777"
WORDS: Final = "words"
VERDICTS: Final = frozenset({"better", "worse"})
WIDE: Final = 20
"""A difference so many times the usual half width of an interval would squeeze the intervals on a linear axis."""


def known(comparison: Comparison) -> bool:
    """Whether there is a difference with an interval to draw."""
    return any(_interval(one) is not None for one in comparison.differences)


def draw(axes: Axes, subject: Subject, measure: Measure) -> None:
    """One square with its interval for each setting, filled where there is a verdict; words where there is no interval."""
    comparison = subject.comparisons[measure.key]
    values, intervals = [0.0], []
    words: list[_Words] = []
    for row, setting in enumerate(subject.settings):
        group = subject.group(setting, measure.key)
        one = comparison.of(group)
        if comparison.reference is not None and comparison.reference.key == group.key:
            words.append(_Words(row, "reference", 0.0))
        elif one is not None:
            interval = _interval(one)
            if one.estimate is not None:
                values.append(one.estimate)
                _square(axes, row, one.estimate, interval, one)
            if interval is None:
                words.append(_Words(row, _reason(group, one), one.estimate))
            else:
                intervals.append(interval)
    axes.axvline(0.0, color="black", linewidth=0.8)
    points = 100 if measure.key == "val_accuracy" else 1
    threshold = _scale(axes, values, intervals)
    note = f"; log beyond ±{points * threshold:g}" if threshold else ""
    for note_of_row in words:
        _write(axes, note_of_row)
    unit = f" ({measure.unit})" if measure.unit else ""
    axes.set_xlabel(
        f"{measure.label.removeprefix('validation ')} minus the reference's{unit}\nsimultaneous 95 % intervals{note}"
    )
    axes.xaxis.set_major_formatter(lambda value, _: f"{points * value:.4g}")


def legend() -> list[Line2D]:
    """How a difference with a verdict and one without look."""
    facts: dict[str, Any] = {"marker": "s", "color": COLOUR}
    return [
        Line2D([], [], label="difference: better or worse", **facts),
        Line2D([], [], label="not distinguishable", markerfacecolor="white", **facts),
    ]


@dataclass(frozen=True, slots=True)
class _Words:
    """Small words in a row, beside a place on the axis; without a place at the left end."""

    row: int
    text: str
    place: float | None


def _square(axes: Axes, row: int, estimate: float, interval: tuple[float, float] | None, one: Difference) -> None:
    colour = GREY if interval is None else COLOUR
    filled = colour if one.verdict in VERDICTS else "white"
    axes.plot([estimate], [row], "s", color=colour, markerfacecolor=filled, gid=one.verdict)
    if interval is not None:
        low, high = interval
        axes.errorbar(
            [(low + high) / 2], [row], xerr=[(high - low) / 2], fmt="none", ecolor=COLOUR, capsize=3, zorder=1
        )


def _scale(axes: Axes, values: Sequence[float], intervals: Sequence[tuple[float, float]]) -> float | None:
    """Limits and scale of the axis. Returns the difference from which on it is logarithmic; None if it is linear throughout.

    It is logarithmic where the intervals would be too narrow to be seen beside the largest difference.
    """
    ends = [end for interval in intervals for end in interval]
    half = statistics.median((high - low) / 2 for low, high in intervals) if intervals else 0.0
    if not 0.0 < WIDE * half < max(map(abs, values)):
        axes.set_xlim(*frame(values, ends))
        axes.locator_params(axis="x", nbins=5)
        return None
    threshold = float(f"{3 * half:.0e}")
    low, high = min(*values, *ends), max(*values, *ends)
    axes.set_xscale("symlog", linthresh=threshold)
    axes.set_xlim(1.3 * low - threshold / 5, 1.3 * high + threshold / 5)
    axes.xaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=threshold, subs=(1, 3)))
    return threshold


def _write(axes: Axes, words: _Words) -> None:
    """Towards the middle of the panel, so that nothing reaches out of it."""
    to_axes = axes.transData + axes.transAxes.inverted()
    share = 0.0 if words.place is None else float(to_axes.transform((words.place, words.row))[0])
    left = share > 0.5
    axes.annotate(
        words.text, (share, words.row), xycoords=axes.get_yaxis_transform(), textcoords="offset points",
        xytext=(-7 if left else 7, 0), ha="right" if left else "left", va="center", color=GREY, fontsize="small",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0}, gid=WORDS,
    )  # fmt: skip


def _interval(one: Difference) -> tuple[float, float] | None:
    return None if one.estimate is None or one.low is None or one.high is None else (one.low, one.high)


def _reason(group: Group, one: Difference) -> str:
    """Why a setting has no interval, in the width of a panel."""
    if group.diverged:
        return f"{len(group.diverged)} of {group.n + len(group.diverged)} diverged"
    return "one run" if group.n == 1 else style.label(one.reason or "no interval", 30)
