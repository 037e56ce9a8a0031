"""How much of a run there was for the detectors to look at, so that silence is not taken for health."""

from dataclasses import dataclass
from typing import Any, Final

from engine.health.measured import Measured
from moetui.core.catalogue.records import RunRecord

FEWEST_TRAINING: Final = 10
FEWEST_EVALUATIONS: Final = 8
"""Losses of either kind from which on most detectors give an answer; with fewer of both, no finding says little."""


@dataclass(frozen=True, slots=True)
class LookedAt:
    """How many finite losses of each kind were read. `missing` says why there is no curve; it is empty where there is one."""

    training: int = 0
    evaluations: int = 0
    missing: str = ""

    @property
    def enough(self) -> bool:
        """Whether the curves are long enough to be judged."""
        return self.training >= FEWEST_TRAINING or self.evaluations >= FEWEST_EVALUATIONS

    @property
    def extent(self) -> str:
        """`400 training losses and 40 evaluations`."""
        counts = [(self.training, "training loss", "es"), (self.evaluations, "evaluation", "s")]
        return " and ".join(f"{count} {what}{'' if count == 1 else plural}" for count, what, plural in counts if count)

    def sentence(self, *, found: bool) -> str:
        """What the absence of findings means, or what stands beside those there are; empty if nothing needs to be said."""
        if self.missing:
            return f"no curve to read: {self.missing}"
        if not self.enough:
            return f"{self.extent}: too few to judge a curve"
        return "" if found else f"nothing found in {self.extent}"

    def tree(self) -> dict[str, Any]:
        """The same for JSON."""
        return {
            "train_loss": self.training,
            "val_loss": self.evaluations,
            "enough": self.enough,
            "missing": self.missing,
        }


def look_at(record: RunRecord, measured: Measured) -> LookedAt:
    """What the detectors can read of a run."""
    if not record.path:
        return LookedAt(missing=_without_directory(record))
    training, evaluations = len(measured.curve("train_loss")), len(measured.curve("val_loss").since(1))
    if training or evaluations:
        return LookedAt(training, evaluations)
    return LookedAt(missing="nothing has been measured yet" if record.pending else "the run has recorded no loss")


def _without_directory(record: RunRecord) -> str:
    if record.published:
        return "of a published result only the scores are known"
    return "the run directory with the measurements is not here, only the record"
