"""The curves of one run, for a command that has no screen."""

import math

from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.lab import Lab
from moetui.tui.chart.spec import ChartSpec
from moetui.tui.curves.overlay import Overlay
from moetui.tui.curves.specs import loss_spec, lr_spec
from moetui.tui.feed import Feed


def run_charts(lab: Lab, run: RunRecord) -> list[ChartSpec]:
    """Loss and learning rate against updates; nothing for a run that has no measurements."""
    feed = Feed(lab)
    feed.watch([run.id])
    overlay = Overlay((run,), feed.take(math.inf).curves, {run.id: 0})
    specs = (loss_spec(overlay), lr_spec(overlay))
    return [spec for spec in specs if any(len(series.x) > 1 for series in spec.series)]
