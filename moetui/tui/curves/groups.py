"""Runs that differ in their seed only: one colour, and a band, for all of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from moetui.core.catalogue.records import RunRecord
from moetui.core.science.bands import band
from moetui.tui.chart.spec import Area, Series

if TYPE_CHECKING:
    from moetui.tui.curves.overlay import Overlay


def grouped(runs: Sequence[RunRecord]) -> list[tuple[RunRecord, ...]]:
    """The groups that have several of the runs, in the order in which they occur."""
    by_group: dict[str, list[RunRecord]] = {}
    for run in runs:
        if run.group and not run.published:
            by_group.setdefault(run.group, []).append(run)
    return [tuple(members) for members in by_group.values() if len(members) > 1]


def group_band(overlay: "Overlay", members: Sequence[RunRecord], key: str, chart: str) -> tuple[Series, Area] | None:
    """Mean and interval of a metric over the members, None if fewer than two have it or their x axis is not known."""
    weight = (
        0.0 if key.startswith("val_") else overlay.board.weight(chart)
    )  # evaluations are drawn as they were measured
    measured = [own for run in members if (own := overlay.metric(run, key, weight))[0].size]
    rulers = [own for own in map(overlay.ruler_of, members) if own is not None]
    if len(measured) < 2 or not rulers:
        return None
    found = band(measured)
    if not found.x.size:
        return None
    x = np.mean([own.at(found.x) for own in rulers], axis=0)
    look = overlay.slot_of(members[0])
    name = without_seed(overlay.names()[members[0].id])
    emphasis = overlay.emphasis_of(*members)
    curve = Series(f"{name} n={len(measured)}", x, found.mean, look, emphasis, points=key.startswith("val_"))
    return curve, Area(x, found.low, found.high, look)


def without_seed(name: str) -> str:
    """The name of a run as that of its group."""
    return "/".join(part for part in name.split("/") if not part.startswith("seed=")) or "seeds"
