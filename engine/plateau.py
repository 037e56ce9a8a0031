"""The one schedule that depends on results: the learning rate drops when the validation loss stops falling."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.recipe import ScheduleConfig


@dataclass(frozen=True, slots=True)
class Plateau:
    """What the evaluations so far have done: `scale` multiplies the schedule, `best` is the loss that the next must fall below."""

    scale: float = 1.0
    best: float | None = None
    waited: int = 0  # evaluations in a row without a gain


def after_evaluation(schedule: "ScheduleConfig", state: Plateau, val_loss: float) -> Plateau:
    """The state after one more evaluation. A loss that is no number is no gain; other kinds of schedule stay as they are."""
    if schedule.kind != "plateau":
        return state
    if state.best is None or val_loss < state.best * (1.0 - schedule.plateau_threshold):
        return replace(state, best=val_loss, waited=0)
    if state.waited + 1 < schedule.plateau_patience:
        return replace(state, waited=state.waited + 1)
    return replace(state, scale=max(schedule.floor, state.scale * schedule.plateau_factor), waited=0)
