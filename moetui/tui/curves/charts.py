"""The charts that there are, the most telling first."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from moetui.core.runs.columns import LOADS
from moetui.tui.chart.spec import ChartSpec, Heat
from moetui.tui.curves.events import marks
from moetui.tui.curves.overlay import Overlay
from moetui.tui.curves.specs import (
    accuracy_spec,
    entropy_spec,
    gradient_spec,
    load_spec,
    loss_spec,
    lr_spec,
    memory_spec,
    mfu_spec,
    noise_spec,
    perplexity_spec,
    throughput_spec,
    wait_spec,
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One chart. `metrics`: it is there when a run has measured one of these; without any it is always there.

    `raw`: everything on it is drawn as it was measured, whatever moving average is wanted.
    """

    key: str
    label: str
    make: Callable[[Overlay], ChartSpec]
    metrics: tuple[str, ...] = ()
    raw: bool = False

    def fits(self, overlay: Overlay) -> bool:
        """Whether there is something to draw, or will be."""
        return not self.metrics or any(
            overlay.curves_of(run).get(metric)[0].size for run in overlay.runs for metric in self.metrics
        )

    def spec(self, overlay: Overlay) -> ChartSpec:
        """The chart with the events on its axis, and behind its title the weight of its moving average."""
        spec, weight = self.make(overlay), overlay.board.weight(self.key)
        notes = (spec.note, f"smooth {weight:g}" if weight and not self.raw else "")
        return replace(spec, marks=marks(overlay), note=" · ".join(note for note in notes if note))


def experts_spec(overlay: Overlay) -> ChartSpec:
    """The load of each expert of each layer of one run, in its last evaluation or the last one up to the cursor."""
    runs = sorted(overlay.runs, key=lambda run: run.id != overlay.focus)
    for run in runs:
        updates, loads = overlay.curves_of(run).get(LOADS)
        own = overlay.ruler_of(run)
        if updates.size and own is not None:
            until = overlay.x_range[1] if overlay.cursor is None else overlay.cursor
            at = max(int(np.searchsorted(own.at(updates), until, "right")) - 1, 0)
            name, share = overlay.names()[run.id], 100 / max(loads[at].shape[-1], 1)
            heat = Heat(
                loads[at], f"update {updates[at]:.0f}, % of the layer's tokens (equal: {share:.3g}), row = layer"
            )
            return ChartSpec("Experts", heat=heat, note=name)
    return ChartSpec("Experts", heat=Heat(np.empty((0, 0), np.float32)))


CHARTS: tuple[Kind, ...] = (
    Kind("loss", "Loss of training and validation", loss_spec),
    Kind("lr", "Learning rate, planned and actual", lr_spec, raw=True),
    Kind("accuracy", "Accuracy", accuracy_spec),
    Kind("throughput", "Tokens per second", throughput_spec),
    Kind("perplexity", "Validation perplexity", perplexity_spec, ("val_perplexity",), raw=True),
    Kind("gradient", "Gradient norm", gradient_spec, ("grad_norm",)),
    Kind("noise", "Gradient noise scale", noise_spec, ("noise_scale",)),
    Kind("entropy", "Router entropy", entropy_spec, ("router_entropy",)),
    Kind("load", "Load of the least and the most used expert", load_spec, ("expert_load_max",), raw=True),
    Kind("experts", "Load of every expert, layer by layer", experts_spec, ("expert_load_max",), raw=True),
    Kind("memory", "Peak memory", memory_spec, ("peak_memory",)),
    Kind("mfu", "Share of the GPU's peak (MFU)", mfu_spec, ("mfu",)),
    Kind("wait", "Time spent waiting for data", wait_spec, ("data_wait",)),
)
