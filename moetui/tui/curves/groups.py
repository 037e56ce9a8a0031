"""Runs that differ in their seed only: one colour, and a band, for all of them."""

from collections.abc import Sequence

import numpy as np

from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.columns import Column
from moetui.core.science.bands import band
from moetui.tui.chart.palette import Slot
from moetui.tui.chart.spec import Area, Emphasis, Series
from moetui.tui.curves.axis import Ruler


def grouped(runs: Sequence[RunRecord]) -> list[tuple[RunRecord, ...]]:
    """The groups that have several of the runs, in the order in which they occur."""
    by_group: dict[str, list[RunRecord]] = {}
    for run in runs:
        if run.group and not run.published:
            by_group.setdefault(run.group, []).append(run)
    return [tuple(members) for members in by_group.values() if len(members) > 1]


def group_band(
    measured: Sequence[tuple[Column, Column]],
    rulers: Sequence[Ruler],
    name: str,
    look: Slot,
    emphasis: Emphasis,
    *,
    points: bool,
) -> tuple[Series, Area] | None:
    """Mean and interval of a metric over the members that have it, each by its updates and values.

    None if fewer than two have it, or if their x axis is not known: each has its ruler.
    """
    if len(measured) < 2 or not rulers:
        return None
    found = band(measured)
    if not found.x.size:
        return None
    x = np.mean([own.at(found.x) for own in rulers], axis=0)
    curve = Series(f"{without_seed(name)} n={len(measured)}", x, found.mean, look, emphasis, points=points)
    return curve, Area(x, found.low, found.high, look)


def without_seed(name: str) -> str:
    """The name of a run as that of its group."""
    return "/".join(part for part in name.split("/") if not part.startswith("seed=")) or "seeds"
