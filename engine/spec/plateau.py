"""The one schedule that depends on results: the learning rate drops when the validation loss stops falling."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine.spec.patience import Patience

if TYPE_CHECKING:
    from engine.spec.schedules import ScheduleConfig


@dataclass(frozen=True, slots=True)
class Plateau:
    """What the evaluations so far have done; `scale` multiplies the schedule."""

    scale: float = 1.0
    patience: Patience = field(default_factory=Patience)


def after_evaluation(schedule: "ScheduleConfig", state: Plateau, val_loss: float) -> Plateau:
    """The state after one more evaluation; other kinds of schedule stay as they are."""
    if schedule.kind != "plateau":
        return state
    patience = state.patience.after(val_loss, relative=schedule.plateau_threshold)
    if patience.waited < schedule.plateau_patience:
        return replace(state, patience=patience)
    scale = max(schedule.floor, state.scale * schedule.plateau_factor)
    return Plateau(scale, replace(patience, waited=0))
