"""How a score of a setting moves during training: the mean over its seeds, with the interval where there are several."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.runfiles.metrics import Record
from moetui.core.runs.detail import Detail
from moetui.core.science.summary import Summary, summarize


@dataclass(frozen=True, slots=True)
class Path:
    """One value for each evaluation that all seeds have; `seconds` of training are means, NaN where a run does not tell them."""

    updates: tuple[int, ...]
    seconds: tuple[float, ...]
    values: tuple[Summary, ...]

    @property
    def means(self) -> tuple[float, ...]:
        """The means over the seeds."""
        return tuple(value.mean or 0.0 for value in self.values)

    @property
    def lowest(self) -> int:
        """The place of the lowest mean."""
        return min(range(len(self.values)), key=self.means.__getitem__)


def mean_path(runs: Sequence[Detail], key: str) -> Path | None:
    """The mean of a validation score over runs of one setting; None if they share no evaluation."""
    curves = [_evaluations(run.records, key) for run in runs]
    curves = [curve for curve in curves if curve]
    if not curves:
        return None
    shared = sorted(set(curves[0]).intersection(*curves[1:]))
    if not shared:
        return None
    return Path(
        tuple(shared),
        tuple(sum(curve[update][0] for curve in curves) / len(curves) for update in shared),
        tuple(summarize([curve[update][1] for curve in curves]) for update in shared),
    )


def _evaluations(records: Iterable[Record], key: str) -> dict[int, tuple[float, float]]:
    """Seconds and value by update; values that are no number have no place in a mean."""
    found = {}
    for record in records:
        value = record.get(key)
        if value is None and key == "val_perplexity" and isinstance(loss := record.get("val_loss"), int | float):
            value = math.exp(min(loss, 700.0))  # its definition, for records that leave it out
        if isinstance(value, int | float) and math.isfinite(value):
            found[int(record["update"])] = (float(record.get("seconds", math.nan)), float(value))
    return found
