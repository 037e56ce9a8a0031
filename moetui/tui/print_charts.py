"""The curves of one run as plain text, for a command that has no screen."""

from moetui.core.lab import Lab
from moetui.core.records import RunRecord
from moetui.core.terminal import Charset
from moetui.tui.chart import draw
from moetui.tui.feed import Feed
from moetui.tui.widgets.curve_specs import Overlay, loss_spec, lr_spec

HEIGHT = 12
"""Lines of each chart."""


def run_charts(lab: Lab, run: RunRecord, *, width: int, charset: Charset) -> list[str]:
    """Loss and learning rate against updates, `width` cells wide; nothing for a run that has no measurements."""
    feed = Feed(lab)
    feed.watch([run.id])
    curves = feed.take().curves
    overlay = Overlay((run,), curves, {run.id: 0})
    specs = [
        spec for spec in (loss_spec(overlay), lr_spec(overlay)) if any(len(series.x) > 1 for series in spec.series)
    ]
    return [line.rstrip() for spec in specs for line in ("", *draw(spec, width, HEIGHT, charset).plain().splitlines())]
