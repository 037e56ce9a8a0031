"""Learning-rate schedules as pure functions of the optimizer update. A kind of schedule is one entry of `KINDS`.

`lr_factor(schedule, update, updates)` gives the learning rate of update 1, 2, … as a fraction of the peak. The trainer, the
planned curves in the terminal and the schedule audit all call it, so what is drawn is what is trained with.

Every schedule warms up first. Of `W` warm-up updates, update `u` runs at `start + (1 - start) * u / W` of the peak, so that the
first update already learns and update `W` is the first at the peak. The decay then covers the rest of the horizon and reaches the
floor exactly at the horizon's last update; a run that outlasts its horizon stays where it was then.

Stepped per epoch, all updates of an epoch run at the rate that the epoch's last update would have. Counting from zero puts each
update, or epoch, in the place of the one before it: `u - 1` for `u` above, so that the floor comes one too late.
"""

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from engine.spec.section import Section, described


def horizon(schedule: "ScheduleConfig", updates: int) -> int:
    """Updates over which the schedule unfolds: its own horizon, or else the length of the run."""
    return schedule.horizon or updates


def warmup_updates(schedule: "ScheduleConfig", updates: int) -> int:
    """Number of warm-up updates; a fraction counts from the horizon and is rounded to the nearest update."""
    if schedule.warmup_updates is not None:
        return schedule.warmup_updates
    return round(schedule.warmup * horizon(schedule, updates))


def lr_factor(schedule: "ScheduleConfig", update: int, updates: int) -> float:
    """Learning rate at `update` (the first is 1) of a run of `updates`, as a fraction of the peak learning rate, in [0, 1].

    Of a plateau schedule it is the upper bound: what the schedule would do if every evaluation were a gain.
    """
    if update < 1:
        raise ValueError(f"updates count from 1, got {update}")
    epoch = schedule.epoch_updates or 1
    start = 0 if schedule.count_from_zero else epoch  # the place of the first epoch; an epoch may be one update
    done = (update - 1) // epoch * epoch
    place = start + done
    warmup = warmup_updates(schedule, updates)
    if schedule.warmup_shape == "constant":
        if done < warmup:
            return schedule.warmup_start
        peak = start + warmup
    else:
        if place < warmup:
            return schedule.warmup_start + (1.0 - schedule.warmup_start) * place / warmup
        peak = max(start, warmup)
    end = max(horizon(schedule, updates), peak)
    return KINDS[schedule.kind].factor(schedule, Place(min(place, end) - peak, end - peak, done, end, warmup))


def lr_at(schedule: "ScheduleConfig", peak: float, update: int, updates: int) -> float:
    """Learning rate at `update` of a run of `updates` whose peak learning rate is `peak`."""
    return peak * lr_factor(schedule, update, updates)


def fault(schedule: "ScheduleConfig", updates: int) -> str:
    """Why this schedule cannot unfold over its horizon, in one line; empty if it can."""
    span, warmup = horizon(schedule, updates), warmup_updates(schedule, updates)
    if warmup > span:
        return f"schedule.warmup_updates exceeds the schedule's horizon of {span} updates"
    return KINDS[schedule.kind].fault(schedule, span, warmup)


def idle(schedule: "ScheduleConfig", updates: int, evaluations: int) -> tuple[str, str] | None:
    """Why the decay of this schedule never begins in a run of `updates`, and what to do about it; None if it begins."""
    return KINDS[schedule.kind].idle(schedule, updates, evaluations)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an update is: `elapsed` of the `span` updates from the peak to the horizon's end, after `done` updates in all."""

    elapsed: int
    span: int
    done: int
    horizon: int
    warmup: int

    @property
    def progress(self) -> float:
        """The share of the way from the peak to the end."""
        return self.elapsed / self.span if self.span > 0 else 0.0


def _constant(schedule: "ScheduleConfig", place: Place) -> float:
    return 1.0


def _cosine(schedule: "ScheduleConfig", place: Place) -> float:
    """Half a cosine from the peak to the floor (Loshchilov and Hutter, 2017, without restarts)."""
    return _above_floor(schedule, _half_cosine(place.progress))


def _linear(schedule: "ScheduleConfig", place: Place) -> float:
    return _above_floor(schedule, 1.0 - place.progress)


def _step(schedule: "ScheduleConfig", place: Place) -> float:
    """The peak times `gamma` once per `every` updates after the warm-up, never below the floor."""
    drops: int = place.elapsed // schedule.step_every
    return max(schedule.floor, schedule.step_gamma**drops)


def _wsd(schedule: "ScheduleConfig", place: Place) -> float:
    """Warm-up, stable, decay: the peak until the last share of the horizon (Hu et al., 2024)."""
    decay = _decay_updates(schedule, place.horizon)
    decayed = place.elapsed - place.span + decay
    if decayed <= 0:
        return 1.0
    progress = decayed / decay
    left = {"linear": 1.0 - progress, "cosine": _half_cosine(progress), "sqrt": 1.0 - math.sqrt(progress)}
    return _above_floor(schedule, left[schedule.decay_shape])


def _restarts(schedule: "ScheduleConfig", place: Place) -> float:
    """Half cosines, each beginning at the peak again; as published, a period ends one update short of the floor.

    Loshchilov and Hutter, 2017: https://arxiv.org/abs/1608.03983
    """
    elapsed, length = place.elapsed, schedule.restart_every
    if schedule.restart_factor == 1:
        elapsed %= length
    while elapsed >= length:
        elapsed -= length
        length *= schedule.restart_factor
    return _above_floor(schedule, _half_cosine(elapsed / length))


def _stages(schedule: "ScheduleConfig", place: Place) -> float:
    """The rate of the last stage that has started, the peak before the first."""
    reached = [factor for start, factor in schedule.stages if place.done >= _stage_start(start, place.horizon)]
    return reached[-1] if reached else 1.0


def _inverse_sqrt(schedule: "ScheduleConfig", place: Place) -> float:
    """As 1/√update after the warm-up, whose length sets the scale (Vaswani et al., 2017), never below the floor."""
    scale = max(place.warmup, 1)
    return max(schedule.floor, math.sqrt(scale / (scale + place.elapsed)))


def _above_floor(schedule: "ScheduleConfig", share: float) -> float:
    """`share` of the way from the floor to the peak."""
    return schedule.floor + (1.0 - schedule.floor) * share


def _half_cosine(progress: float) -> float:
    return 0.5 * (1.0 + math.cos(math.pi * progress))


def _decay_updates(schedule: "ScheduleConfig", span: int) -> int:
    return round(schedule.decay * span)


def _stage_start(start: float, span: int) -> int:
    """Updates that are done before a stage begins."""
    return round(start * span) if start < 1 else math.ceil(start) - 1


def _wsd_fault(schedule: "ScheduleConfig", span: int, warmup: int) -> str:
    if warmup + _decay_updates(schedule, span) <= span:
        return ""
    return f"schedule.warmup and schedule.decay together exceed the schedule's horizon of {span} updates"


def _stages_fault(schedule: "ScheduleConfig", span: int, warmup: int) -> str:
    starts = [_stage_start(start, span) for start, _ in schedule.stages]
    rising = all(a < b for a, b in itertools.pairwise(starts))
    return "" if rising else "schedule.stages must start one after the other"


def _step_idle(schedule: "ScheduleConfig", updates: int, evaluations: int) -> tuple[str, str] | None:
    last = lr_factor(schedule, updates, updates)
    if any(lr_factor(schedule, update, updates) > last for update in range(1, updates)):
        return None
    return f"no step within {updates} updates", "lower schedule.step_every, which counts updates"


def _stages_idle(schedule: "ScheduleConfig", updates: int, evaluations: int) -> tuple[str, str] | None:
    if math.isclose(lr_factor(schedule, updates, updates), schedule.stages[-1][1]):
        return None
    what = f"the last of {len(schedule.stages)} stages does not begin within {updates} updates"
    return what, "let it start earlier, or give its start as a share of the horizon"


def _plateau_idle(schedule: "ScheduleConfig", updates: int, evaluations: int) -> tuple[str, str] | None:
    if evaluations > schedule.plateau_patience:
        return None
    what = f"{evaluations} evaluations cannot outlast a patience of {schedule.plateau_patience}"
    return what, "lower evaluation.every or schedule.plateau_patience"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of schedule.

    `factor`: the learning rate after the warm-up as a fraction of the peak. `about`: the same in words, for docs/schedules.md.
    `keys`: the keys of the configuration that it alone, or with few others, goes by. `unfolds`: its decay is laid out over the
    horizon and ends at the floor. `rises`: it goes back to the peak by itself. `fault(schedule, horizon, warm-up updates)`: why it
    cannot unfold, or "". `idle(schedule, updates, evaluations)`: why its decay never begins and what to do, or None.
    """

    factor: Callable[["ScheduleConfig", Place], float]
    about: str
    keys: tuple[str, ...] = ()
    unfolds: bool = False
    rises: bool = False
    fault: Callable[["ScheduleConfig", int, int], str] = lambda schedule, span, warmup: ""
    idle: Callable[["ScheduleConfig", int, int], tuple[str, str] | None] = lambda schedule, updates, evaluations: None


KINDS: Mapping[str, Kind] = {
    "constant": Kind(factor=_constant, about="the peak"),
    "cosine": Kind(
        factor=_cosine,
        about="half a cosine to the floor (Loshchilov and Hutter, 2017)",
        keys=("floor",),
        unfolds=True,
    ),
    "linear": Kind(factor=_linear, about="a straight line to the floor", keys=("floor",), unfolds=True),
    "step": Kind(
        factor=_step,
        about="× `step_gamma` every `step_every` updates",
        keys=("step_every", "step_gamma", "floor"),
        idle=_step_idle,
    ),
    "wsd": Kind(
        factor=_wsd,
        about="the peak, and in the last `decay` of the horizon down to the floor (Hu et al., 2024)",
        keys=("decay", "decay_shape", "floor"),
        unfolds=True,
        fault=_wsd_fault,
    ),
    "restarts": Kind(
        factor=_restarts,
        about="half cosines of `restart_every` updates, each × `restart_factor` as long as the last "
        "(Loshchilov and Hutter, 2017)",
        keys=("restart_every", "restart_factor", "floor"),
        rises=True,
    ),
    "stages": Kind(
        factor=_stages,
        about="the rate of the last stage that has begun",
        keys=("stages",),
        fault=_stages_fault,
        idle=_stages_idle,
    ),
    "inverse-sqrt": Kind(
        factor=_inverse_sqrt,
        about="1/√update, with the warm-up as the scale (Vaswani et al., 2017)",
        keys=("floor",),
    ),
    "plateau": Kind(
        factor=_constant,  # what the evaluations take away is in engine.spec.plateau
        about="× `plateau_factor` after `plateau_patience` evaluations without a relative gain of `plateau_threshold`",
        keys=("plateau_factor", "plateau_patience", "plateau_threshold", "floor"),
        idle=_plateau_idle,
    ),
}
"""Every kind by its name, as `schedule.kind` gives it."""

if TYPE_CHECKING:
    ScheduleKind = str
else:
    ScheduleKind = Literal[tuple(KINDS)]

Stage = Annotated[
    tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0, le=1)]],
    Field(strict=False),  # TOML and JSON know lists only
]


class ScheduleConfig(Section):
    """How the learning rate moves over the optimizer updates (docs/schedules.md). A key for one kind does nothing to others."""

    kind: ScheduleKind = described("cosine", "Shape after the warm-up.")
    warmup: float = described(0.05, "Warm-up as a share of the horizon.", unit="fraction", ge=0, le=1)
    warmup_updates: int | None = described(None, "Warm-up in updates; replaces `warmup`.", unit="updates", ge=0)
    warmup_start: float = described(
        0.0, "Learning rate the warm-up starts from, relative to the peak.", unit="fraction", ge=0, le=1
    )
    warmup_shape: Literal["linear", "constant"] = described(
        "linear",
        "linear: rises evenly to the peak; constant: stays at warmup_start, then jumps to the peak (Goyal et al., 2017).",
    )
    floor: float = described(
        0.1,
        "Lowest learning rate of the decay, relative to the peak; constant and stages have none.",
        unit="fraction",
        ge=0,
        le=1,
    )
    horizon: int | None = described(
        None, "Updates over which the schedule unfolds; default: the run's.", unit="updates", ge=1
    )
    epoch_updates: int | None = described(
        None, "Move the learning rate only once per so many updates, an epoch; default: at every update.",
        unit="updates", ge=1,
    )  # fmt: skip
    count_from_zero: bool = described(
        False, "Take an update by the number of those before it, so that the first one of a warm-up is at warmup_start."
    )
    step_every: int = described(100, "For kind = step: updates between two drops.", unit="updates", ge=1)
    step_gamma: float = described(0.9, "For kind = step: factor of one drop.", gt=0, le=1)
    decay: float = described(
        0.2, "For kind = wsd: share of the horizon, at its end, in which the rate decays.", unit="fraction", ge=0, le=1
    )
    decay_shape: Literal["linear", "cosine", "sqrt"] = described(
        "linear", "For kind = wsd: how it decays; sqrt: as 1 - √progress (Hägele et al., 2024)."
    )
    restart_every: int = described(100, "For kind = restarts: updates of the first period.", unit="updates", ge=1)
    restart_factor: int = described(
        1, "For kind = restarts: length of a period relative to the one before.", ge=1, le=100
    )
    stages: tuple[Stage, ...] = described(
        (),
        "For kind = stages: pairs of a start (below 1 a share of the horizon, else the number of an update) and "
        "a learning rate relative to the peak, such as [[0.4, 0.46], [0.75, 0.15]]; the peak comes first.",
        strict=False,
    )
    plateau_factor: float = described(0.5, "For kind = plateau: factor of one drop.", gt=0, lt=1)
    plateau_patience: int = described(
        5, "For kind = plateau: evaluations in a row without a gain that make a drop.", unit="evaluations", ge=1
    )
    plateau_threshold: float = described(
        0.01, "For kind = plateau: relative fall of the lowest validation loss that is a gain.", unit="fraction", ge=0, lt=1
    )  # fmt: skip

    @model_validator(mode="after")
    def _one_warmup(self) -> Self:
        if self.warmup_updates is not None and self.warmup != type(self).model_fields["warmup"].default:
            raise ValueError("warmup and warmup_updates exclude each other; give one")
        return self

    @model_validator(mode="after")
    def _has_stages(self) -> Self:
        if self.kind == "stages" and not self.stages:
            raise ValueError('kind = "stages" needs schedule.stages, such as [[0.4, 0.46], [0.75, 0.15]]')
        return self
