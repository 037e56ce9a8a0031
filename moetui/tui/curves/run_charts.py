"""The curves of one run, for a command that has no screen."""

from collections.abc import Sequence

from engine.runfiles.metrics import Record
from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.curves import curves_of
from moetui.tui.chart.spec import ChartSpec
from moetui.tui.curves.overlay import Overlay
from moetui.tui.curves.specs import loss_spec, lr_spec


def run_charts(run: RunRecord, records: Sequence[Record]) -> list[ChartSpec]:
    """Loss and learning rate against updates, from the records that count; nothing for a run that has no measurements."""
    overlay = Overlay((run,), {run.id: curves_of(records)}, {run.id: 0})
    specs = (loss_spec(overlay), lr_spec(overlay))
    return [spec for spec in specs if any(len(series.x) > 1 for series in spec.series)]
