"""What happened to the runs, as signs on the x axis, and the published results that stand beside them."""

from collections.abc import Iterator, Sequence

import numpy as np

from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.published import published_beside
from moetui.tui.chart.spec import Mark
from moetui.tui.curves.overlay import Overlay

SIGNS = {"c": "checkpoint", "r": "resumed", "b": "best evaluation", "x": "ended early", "!": "finding"}
"""What the signs mean; of those that fall together the last one is seen."""

MOST_GHOSTS = 3
"""Published results for one run: more would fill its charts with lines."""


def marks(overlay: Overlay) -> tuple[Mark, ...]:
    """The events of all runs, the weightiest last."""
    if not overlay.board.events:
        return ()
    found = [
        (sign, Mark(place, sign, overlay.slot_of(run)))
        for run in overlay.runs
        if (own := overlay.ruler_of(run)) is not None
        for sign, update in _events(overlay, run)
        for place in own.at(np.array([update])).tolist()
    ]
    order = list(SIGNS)
    return tuple(mark for _, mark in sorted(found, key=lambda pair: order.index(pair[0])))


def events_near(overlay: Overlay, x: float, reach: float) -> Iterator[str]:
    """The events within `reach` of an x in words, the findings with their evidence."""
    for run in overlay.runs:
        own = overlay.ruler_of(run)
        for sign, update in _events(overlay, run) if own is not None else ():
            if own is not None and abs(float(own.at(np.array([update]))[0]) - x) <= reach:
                found = [
                    f"{one.kind}: {one.evidence}" for one in overlay.background_of(run).findings if one.update == update
                ]
                yield f"{overlay.names()[run.id]} {'; '.join(found) if sign == '!' else SIGNS[sign]}"


def _events(overlay: Overlay, run: RunRecord) -> Iterator[tuple[str, int]]:
    """Sign and update of each event of a run."""
    background, curves = overlay.background_of(run), overlay.curves_of(run)
    yield from (("c", update) for update in background.checkpoints)
    yield from (("r", update) for update in curves.resumed)
    updates, losses = curves.get("val_loss")
    finite = np.isfinite(losses)
    if finite.any():
        yield "b", int(updates[finite][np.argmin(losses[finite])])
    elif run.best is not None and run.best.update is not None:
        yield "b", run.best.update
    if not run.pending and run.status not in ("finished", "published") and run.update:
        yield "x", run.update
    yield from (("!", finding.update) for finding in background.findings)


def ghosts_of(runs: Sequence[RunRecord], every: Sequence[RunRecord]) -> list[tuple[RunRecord, str]]:
    """What was published of the presets of the runs, for models as large and settings that agree, each beside its run."""
    beside: list[tuple[RunRecord, str]] = []
    seen: set[str] = set()
    for run in runs:
        near = [one for one in published_beside([run], every) if one.id not in seen and _agree(one, run)][:MOST_GHOSTS]
        seen.update(result.id for result in near)
        beside += [(result, run.id) for result in near]
    return beside


def _agree(result: RunRecord, run: RunRecord) -> bool:
    pairs = [(result.lr, run.lr), (result.parameters, run.parameters)]
    pairs += [(value, run.point.get(key)) for key, value in result.point.items()]
    return all(theirs is None or ours is None or theirs == ours for theirs, ours in pairs)
