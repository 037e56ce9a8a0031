"""The learning-rate curves of planned runs, from the engine's own function."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.spec.config import RunConfig
from moetui.core import format as fmt
from moetui.core.planning.plan import PlannedRun
from moetui.core.studies.reference import Reference
from moetui.tui.amounts import rate_text, share_text, warmup_text
from moetui.tui.chart.palette import Slot, slot
from moetui.tui.chart.spec import ChartSpec, Series

MOST_CURVES = 8
POINTS = 400
"""Updates at which a curve is sampled; a chart has fewer columns than that."""
LOG_FROM = 20.0
"""Ratio of the highest to the lowest peak from which on only a logarithmic axis shows them all."""

GHOST = Slot("#8a8a8a", "┄", "-")
"""The look of what is to be beaten, beside the slots of the plan."""


@dataclass(frozen=True, slots=True)
class PlannedCurves:
    """The distinct curves of a plan in the order of the runs, those that are drawn, and how many there are in all."""

    drawn: tuple[RunConfig, ...]
    slots: tuple[int | None, ...]
    """For each planned run the slot of its curve, None where that is not drawn."""
    total: int


def planned_curves(runs: Sequence[PlannedRun]) -> PlannedCurves:
    """The curves of these runs; of more than eight, eight that are spread evenly over them."""
    distinct: dict[object, RunConfig] = {}
    for run in runs:
        distinct.setdefault(_shape(run.config), run.config)
    keys = list(distinct)
    last = len(keys) - 1
    shown = keys if last < MOST_CURVES else [keys[round(i * last / (MOST_CURVES - 1))] for i in range(MOST_CURVES)]
    slots = {key: index for index, key in enumerate(shown)}
    return PlannedCurves(
        drawn=tuple(distinct[key] for key in shown),
        slots=tuple(slots.get(_shape(run.config)) for run in runs),
        total=len(keys),
    )


def curves_chart(curves: PlannedCurves, beaten: Reference | None = None) -> ChartSpec:
    """The chart of planned learning rates over the updates, over the faint one of what they have to beat."""
    drawn = curves.drawn
    shown = [*drawn, *([beaten.config] if beaten is not None and drawn else [])]
    peaks = [config.optimizer.lr for config in shown]
    some = "" if curves.total == len(drawn) else f", {len(drawn)} of {curves.total}"
    kinds = ", ".join(dict.fromkeys(config.schedule.kind for config in drawn))
    series = []
    for index, (config, name) in enumerate(zip(drawn, _names(drawn), strict=True)):
        updates = sampled(config)
        rates = np.array([config.lr_at(int(update)) for update in updates], np.float64)
        series.append(Series(name, updates.astype(np.float64), rates, slot(index)))
    if beaten is not None and drawn:
        series.append(_ghost(beaten))
    return ChartSpec(
        title=f"LR ({kinds}{some})" if drawn else "LR",
        series=tuple(series),
        x_label="updates",
        x_range=(0.0, float(max((config.training.updates for config in shown), default=1))),
        y_log=bool(peaks) and max(peaks) / min(peaks) >= LOG_FROM,
        legend_values=False,
        empty="nothing planned",
    )


def _ghost(beaten: Reference) -> Series:
    kind = "published" if beaten.record.published else "best"
    updates = sampled(beaten.config)
    rates = np.array([beaten.config.lr_at(int(update)) for update in updates], np.float64)
    name = f"{kind} {fmt.loss(beaten.loss)}"
    return Series(name, updates.astype(np.float64), rates, GHOST, emphasis="faint")


def sampled(config: RunConfig) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """The updates at which a curve is looked at: all, or evenly spread ones with the first and the last."""
    updates = config.training.updates
    return np.unique(np.linspace(1, updates, min(updates, POINTS)).round().astype(np.int64))


def _shape(config: RunConfig) -> object:
    """What decides a curve."""
    return config.schedule, config.optimizer.lr, config.training.updates


def _names(configs: Sequence[RunConfig]) -> list[str]:
    """For each curve what sets it apart from the others; the learning rate if nothing does."""
    parts = [
        (
            rate_text(config.optimizer.lr),
            f"{warmup_text(config)}→{share_text(config.schedule.floor)}".replace(" %", "%"),
            config.schedule.kind,
            f"{config.training.updates} u",
        )
        for config in configs
    ]
    differing = [len(set(column)) > 1 for column in zip(*parts, strict=True)]
    return [" ".join(p for p, shown in zip(part, differing, strict=True) if shown) or part[0] for part in parts]
