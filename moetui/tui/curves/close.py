"""The range of a y axis that shows what comes after the steep beginning: of several runs how they end, without what is far off."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from engine.spec.schedules import warmup_updates
from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.columns import Column
from moetui.tui.chart.ranges import around
from moetui.tui.chart.spec import Range
from moetui.tui.curves.overlay import Overlay

Better = Literal["low", "high", ""]
"""Which end of an axis is the good one, if one is."""

TELLING = 3
"""Measurements that tell how a run goes: of fewer in its later half the last ones of all count."""

LEAST = 2
"""Measurements below which a run has no say."""

LEAST_WARM = 0.1
"""Share of the updates that count as the warm-up at least: losses fall steeply there, whatever the learning rate does."""

BEGUN = 1 / 3
"""Share of the updates after which an axis shows the later half by itself."""

FAR = 5.0
"""Runs that end so many times the median distance from the median run are left out, unless they are the best."""

TAILS = (0.02, 0.98)
"""Quantiles of a run's later half that the axis covers: a spike leaves it."""


class Late(NamedTuple):
    """The later half of a run: its last value, and the range of its values without spikes."""

    last: float
    low: float
    high: float


def begun(overlay: Overlay) -> bool:
    """Whether a third of the updates of one of the runs is done."""
    return any(_share(run) >= BEGUN for run in overlay.runs)


def close_range(overlay: Overlay, keys: Sequence[str], *, better: Better, log: bool) -> Range | None:
    """The range of the later values of the runs by the first of the metrics that each has; None if no run has measured enough.

    Runs that have hardly begun, have diverged or lie far off do not stretch it as long as others remain. The best always fits.
    """
    found = [(run, late) for run in overlay.runs for late in _late(overlay, run, keys)]
    for keeps in (lambda run: run.status != "diverged", lambda run: _share(run) >= BEGUN):
        found = [pair for pair in found if keeps(pair[0])] or found
    near = _near([late for _, late in found], better)
    return around(np.array([end for late in near for end in (late.low, late.high)]), log) if near else None


def _share(run: RunRecord) -> float:
    """How much of a run is done; all of one that has ended."""
    return 1.0 if not run.pending else run.update / run.updates if run.updates else 0.0


def _late(overlay: Overlay, run: RunRecord, keys: Sequence[str]) -> list[Late]:
    """What each metric that counts tells later: of a single run all of them count, since the axis is its own."""
    late = [one for key in keys for one in _told(_shown(overlay, run, *overlay.metric(run, key)))]
    return late if len(overlay.runs) == 1 else late[:1]


def _shown(overlay: Overlay, run: RunRecord, updates: Column, values: Column) -> Column:
    """The values after the warm-up, of several runs the later half of these; or those of the part that is zoomed to.

    Early in a run there are few evaluations in the later half; its training loss lies below them and is no substitute.
    """
    own = overlay.ruler_of(run)
    if own is None or not updates.size:
        return values[:0]
    if overlay.window is not None:
        x = own.at(updates)
        return values[(x >= overlay.window[0]) & (x <= overlay.window[1])]
    last = float(updates[-1])
    begin = min(max(_warm(overlay, run), LEAST_WARM * last), last)
    later = values[updates >= (begin if len(overlay.runs) == 1 else (begin + last) / 2)]
    return later if later.size >= TELLING else values[updates >= begin][-TELLING:]


def _warm(overlay: Overlay, run: RunRecord) -> float:
    """The update at which the warm-up ends; 0 if that is not known."""
    config = overlay.background_of(run).config
    return 0.0 if config is None else float(warmup_updates(config.schedule, config.training.updates))


def _told(values: Column) -> list[Late]:
    """What the values tell: nothing if they are too few."""
    later = np.asarray(values, np.float64)[np.isfinite(values)]
    if later.size < LEAST:
        return []
    low, high = np.quantile(later, TAILS).tolist()
    return [Late(float(later[-1]), low, high)]


def _near(found: Sequence[Late], better: Better) -> list[Late]:
    """Those that do not lie far off."""
    lasts = np.array([late.last for late in found])
    if lasts.size < TELLING:
        return list(found)
    middle = float(np.median(lasts))
    reach = FAR * float(np.median(np.abs(lasts - middle)))
    low = -np.inf if better == "low" else middle - reach
    high = np.inf if better == "high" else middle + reach
    return [late for late in found if low <= late.last <= high]
