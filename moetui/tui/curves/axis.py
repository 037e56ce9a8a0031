"""The x axis of the charts: updates, tokens, seconds or operations, and the way of each run from its updates to them."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from engine.spec.config import RunConfig
from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.columns import Column
from moetui.core.runs.curves import Curves

XAxis = Literal["updates", "tokens", "seconds", "FLOPs"]
AXES: tuple[XAxis, ...] = get_args(XAxis)


@dataclass(frozen=True, eq=False, slots=True)
class Ruler:
    """Where the updates of one run lie: as measured, and beyond the last measurement `slope` further for each."""

    updates: Column
    places: Column
    slope: float

    def at(self, updates: npt.NDArray[Any]) -> Column:
        """The places of rising updates; of the axis that counts updates they are these."""
        if not self.updates.size and self.slope == 1.0:
            return updates
        asked = np.asarray(updates, np.float64)
        if not self.updates.size:
            return asked * self.slope
        if np.array_equal(asked, self.updates):
            return np.asarray(self.places, np.float64)
        beyond = np.maximum(asked - float(self.updates[-1]), 0.0) * self.slope
        return np.asarray(np.interp(asked, self.updates, self.places) + beyond, np.float64)


def ruler(axis: XAxis, run: RunRecord, curves: Curves, config: RunConfig | None) -> Ruler | None:
    """The ruler of a run, None if too little is known of it: a result without a configuration has no operations."""
    if axis == "updates":
        return Ruler(np.empty(0), np.empty(0), 1.0)
    updates, places = curves.get("seconds" if axis == "seconds" else "tokens")
    scale = 1.0
    if axis == "FLOPs":
        if config is None:
            return None
        scale = config.model.flops_per_token(config.data.sequence_length)
        places = places.astype(np.float64) * scale
    slope = _seconds_per_update(run, curves) if axis == "seconds" else _tokens_per_update(run, curves)
    return None if slope is None else Ruler(updates, places, slope * scale)


def _tokens_per_update(run: RunRecord, curves: Curves) -> float | None:
    return run.tokens_per_update or _mean_slope(*curves.get("tokens"))


def _seconds_per_update(run: RunRecord, curves: Curves) -> float | None:
    measured = _mean_slope(*curves.get("seconds"))
    if measured is not None or run.final is None or not run.final.seconds:
        return measured
    updates = run.final.update or run.updates
    return run.final.seconds / updates if updates else None


def _mean_slope(updates: Column, places: Column) -> float | None:
    known = updates.size and updates[-1] > 0 and np.isfinite(places[-1])
    return float(places[-1] / updates[-1]) if known else None
