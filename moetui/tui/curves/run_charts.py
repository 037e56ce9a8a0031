"""The curves of runs for commands that have no screen, drawn as the interface draws them."""

from collections.abc import Sequence
from dataclasses import replace

from engine.runfiles.history import read_records
from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.background import Background
from moetui.core.runs.curves import Curves, curves_of
from moetui.core.runs.detail import Detail
from moetui.core.runs.lab import Lab
from moetui.tui.chart.palette import PALETTE
from moetui.tui.chart.spec import ChartSpec
from moetui.tui.curves.charts import CHARTS
from moetui.tui.curves.overlay import Overlay
from moetui.tui.curves.page import in_its_place
from moetui.tui.curves.planned_lr import planned_lr

SHOWN = ("loss", "lr")
"""The charts of one run."""


def run_charts(found: Detail) -> list[ChartSpec]:
    """Loss and learning rate against updates, from the records that count; nothing for a run that has no measurements."""
    run, config = found.record, found.config
    overlay = Overlay(
        (run,),
        {run.id: curves_of(found.records)},
        {run.id: 0},
        planned={run.id: planned_lr(config)} if config is not None else {},
        backgrounds={run.id: Background(config, found.findings)},
    )
    specs = [kind.spec(overlay) for kind in CHARTS if kind.key in SHOWN]
    drawn = [spec for spec in specs if any(len(series.x) > 1 and not series.ghost for series in spec.series)]
    return [
        in_its_place(spec, first=place == 0, legend=True, several=False)
        for place, spec in enumerate(drawn if found.records else [])
    ]


def overlaid_losses(lab: Lab, runs: Sequence[RunRecord]) -> ChartSpec | None:
    """The losses of several runs as one chart, of more than eight those of the first; None if fewer than two were measured."""
    curves = {run.id: _curves(lab, run) for run in runs[: len(PALETTE)] if run.path}
    measured = [run for run in runs if run.id in curves and curves[run.id].get("train_loss")[0].size]
    if len(measured) < 2:
        return None
    overlay = Overlay(tuple(measured), curves, {run.id: place for place, run in enumerate(measured)})
    (loss,) = (kind.spec(overlay) for kind in CHARTS if kind.key == "loss")
    loss = replace(loss, series=overlay.in_order(loss.series))
    return in_its_place(loss, first=True, legend=False, several=True)


def _curves(lab: Lab, run: RunRecord) -> Curves:
    """The measurements of a run; none of one whose file is gone."""
    try:
        return curves_of(read_records(lab.run_dir(run).metrics_file))
    except OSError:
        return Curves()
