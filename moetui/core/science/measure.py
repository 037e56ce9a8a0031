"""What runs are compared by: a score, and whether its last or its best value counts."""

import difflib
import math
from dataclasses import dataclass, replace
from typing import Final, Literal

from moetui.core import format as fmt
from moetui.core.catalogue.records import RunRecord, Scores
from moetui.core.errors import UsageError

At = Literal["final", "best"]

EFFICIENCY_KEY: Final = "accuracy_per_minute"


def accuracy_per_minute(scores: Scores | None) -> float | None:
    """Percentage points of validation accuracy per minute of training, evaluation excluded; the "efficiency" of document 002.

    None where accuracy or time is not known, or no time has passed.
    """
    if scores is None or scores.val_accuracy is None or not scores.seconds or scores.seconds <= 0:
        return None
    return 100 * scores.val_accuracy / (scores.seconds / 60)


@dataclass(frozen=True, slots=True)
class Measure:
    """One score of a run. `best` takes it where the validation loss was lowest, `final` at the last evaluation."""

    key: str
    label: str
    unit: str
    lower_is_better: bool
    at: At = "final"

    def value(self, record: RunRecord) -> float | None:
        """The score of a run, which may be non-finite, or None where it is not known."""
        scores = record.final if self.at == "final" else record.best
        if self.key == EFFICIENCY_KEY:
            return accuracy_per_minute(scores)
        value = getattr(scores, self.key, None)
        return None if value is None else float(value)

    def better(self, value: float, than: float) -> bool:
        """Whether a value is strictly better than another."""
        return value < than if self.lower_is_better else value > than

    def text(self, value: float | None) -> str:
        """A value as people read it, fine enough to show the noise between seeds."""
        return fmt.percent(value) if self.key == "val_accuracy" else self.gap(value)

    def gap(self, value: float | None) -> str:
        """A difference or a spread of values, without its unit; of accuracies in percentage points."""
        if value is None:
            return "–"
        if self.key == "val_accuracy":
            return f"{100 * value:.2f}"
        return f"{value:.4f}" if self.key == "val_loss" and abs(value) < 1e4 else fmt.number(value)

    def bound(self, value: float) -> str:
        """An upper bound of a difference, without its unit; rounded up, so that it still holds as it is read."""
        step = {"val_accuracy": 1e-4, "val_loss": 1e-4}.get(self.key)
        return self.gap(math.ceil(value / step - 1e-6) * step if step and math.isfinite(value) else value)

    @property
    def title(self) -> str:
        """The name of the measure in a sentence: `best validation loss`."""
        return self.label if self.at == "final" else f"best {self.label}"


MEASURES: Final = {
    measure.key: measure
    for measure in (
        Measure("val_loss", "validation loss", "nats", lower_is_better=True),
        Measure("val_accuracy", "validation accuracy", "points", lower_is_better=False),
        Measure("val_perplexity", "validation perplexity", "", lower_is_better=True),
        Measure("seconds", "training time", "s", lower_is_better=True),
    )
}

"""The scores that figures and tables have a place for."""

EFFICIENCY: Final = Measure(EFFICIENCY_KEY, "accuracy per minute", "points per minute", lower_is_better=False)

METRICS: Final = {**MEASURES, EFFICIENCY_KEY: EFFICIENCY}
"""Everything that runs can be compared by."""

LOSS: Final = MEASURES["val_loss"]


def measure(key: str, *, at: At = "final") -> Measure:
    """The measure of that name. Raises `UsageError` that names the nearest one."""
    if found := METRICS.get(key):
        return replace(found, at=at)
    near = difflib.get_close_matches(key, METRICS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(METRICS)}"
    raise UsageError(f"no metric {key!r}; {hint}")
