"""What is wrong with a learning-rate schedule, or with the split: of a plan, or in what a run has recorded (docs/schedules.md).

Pure functions over a configuration, or over the recorded learning rates in the place of the planned ones. A finding says what
happens at which update, and what to change.
"""

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from engine.runfiles.rundir import Finding
from engine.spec.config import RunConfig
from engine.spec.optimizers import OptimizerConfig
from engine.spec.schedules import KINDS, ScheduleConfig, horizon, idle, lr_factor, warmup_updates
from moetui.core import format as fmt

JUMP: Final = 5.0
"""A learning rate that grows by this factor beyond what a warm-up from zero does between the same updates is a jump."""
LONG_WARMUP: Final = 0.25
"""Share of the run that a warm-up may take."""
NEAR: Final = 0.05
"""So near to the floor, relative to the way from the peak, a decay counts as having reached it."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Learning rates relative to the peak at some updates, which rise; planned curves have every update."""

    updates: tuple[int, ...]
    factors: tuple[float, ...]

    @property
    def end(self) -> float:
        """The last factor."""
        return self.factors[-1]


@dataclass(frozen=True, slots=True)
class Cliff:
    """A run of this workspace that diverged: its learning rate, and what it was that diverged."""

    run: str
    name: str
    update: int
    config: RunConfig

    @property
    def lr(self) -> float:
        """The peak learning rate of the run."""
        return self.config.optimizer.lr


def planned(config: RunConfig) -> Curve:
    """The learning rates that the schedule plans."""
    return _planned(config.schedule, config.training.updates)


@functools.lru_cache(maxsize=64)  # the runs of a study differ in rate and seed more often than in schedule
def _planned(schedule: ScheduleConfig, updates: int) -> Curve:
    return Curve(tuple(range(1, updates + 1)), tuple(lr_factor(schedule, u, updates) for u in range(1, updates + 1)))


def recorded(config: RunConfig, records: Iterable[Mapping[str, object]]) -> Curve | None:
    """The learning rates that a run has logged, or None if it logged none."""
    rates = {
        update: float(lr)
        for record in records
        if isinstance(update := record.get("update"), int) and isinstance(lr := record.get("lr"), int | float)
    }
    updates = tuple(sorted(rates))
    return Curve(updates, tuple(rates[update] / config.optimizer.lr for update in updates)) if updates else None


def audit(config: RunConfig, cliffs: Iterable[Cliff] = (), curve: Curve | None = None) -> tuple[Finding, ...]:
    """Every finding on the schedule of a configuration; `curve` replaces the planned learning rates by recorded ones."""
    seen = curve or planned(config)
    found = (finding for rule in _RULES for finding in rule(config, seen))
    return tuple(sorted((*found, *_above_cliff(config, cliffs)), key=lambda finding: finding.update))


def _horizon(config: RunConfig, curve: Curve) -> Iterator[Finding]:
    span, updates = horizon(config.schedule, config.training.updates), config.training.updates
    last = curve.updates[-1]
    if not KINDS[config.schedule.kind].unfolds:
        return
    if last <= min(span, updates) - config.training.log_every:
        evidence = f"ended at update {last} of a horizon of {span}, at {_share(curve.end)} of the peak"
        yield _note("horizon-not-reached", last, evidence, "compare it only with runs that ended as early")
    elif span > updates:
        evidence = (
            f"uses {_share(updates / span)} of its horizon of {span} updates, ends at {_share(curve.end)} of the peak"
        )
        yield _warn("horizon-not-reached", updates, evidence, "leave schedule.horizon out to decay within the run")
    elif span < updates:
        evidence = f"is at its end after {span} of {updates} updates and stays at {_share(curve.end)} of the peak"
        yield _warn("horizon-overrun", span, evidence, "leave schedule.horizon out to decay over the whole run")


def _floor(config: RunConfig, curve: Curve) -> Iterator[Finding]:
    schedule, updates = config.schedule, config.training.updates
    if horizon(schedule, updates) > updates or curve.updates[-1] < updates:
        return  # the horizon is the fault
    if curve.end <= schedule.floor + NEAR * (1.0 - schedule.floor):
        return
    evidence = f"ends at {_share(curve.end)} of the peak, the floor is {_share(schedule.floor)}"
    if KINDS[schedule.kind].unfolds:
        yield _note(
            "floor-not-reached",
            updates,
            evidence,
            "make the decay end within the run (schedule.warmup, schedule.decay)",
        )
    if KINDS[schedule.kind].rises and _would_fall(schedule, updates):
        yield _note(
            "floor-not-reached", updates, evidence, "choose training.updates so that a period ends with the run"
        )


def _would_fall(schedule: ScheduleConfig, updates: int) -> bool:
    """Whether one more update would have a lower rate."""
    facts = {"horizon": updates + 1, "warmup_updates": warmup_updates(schedule, updates)}
    return lr_factor(schedule.model_copy(update=facts), updates + 1, updates + 1) < lr_factor(
        schedule, updates, updates
    )


def _idle_decay(config: RunConfig, curve: Curve) -> Iterator[Finding]:
    """A decay that was asked for and never begins."""
    schedule, updates = config.schedule, config.training.updates
    found = idle(schedule, updates, -(-updates // config.evaluation.every))
    if found is not None and curve.updates[-1] >= updates:
        evidence, advice = found
        yield _warn("decay-never-begins", updates, evidence, advice)


def _warmup(config: RunConfig, curve: Curve) -> Iterator[Finding]:
    length, updates = warmup_updates(config.schedule, config.training.updates), config.training.updates
    if length > LONG_WARMUP * updates:
        evidence = f"takes {length} of {updates} updates, {_share(length / updates)} of the run"
        yield _warn("long-warm-up", min(length, updates), evidence, "10 % of the run is usual")
    elif curve.updates[0] != 1 or curve.factors[0] < 1.0:
        return
    elif length == 1 or (length == 0 and config.schedule.warmup > 0 and config.schedule.warmup_updates is None):
        yield _vanished(config.schedule, length, updates)
    else:
        yield _note("no-warm-up", 1, "the first update is at the peak", "schedule.warmup = 0.1 is the usual care")


def _vanished(schedule: ScheduleConfig, length: int, updates: int) -> Finding:
    """A warm-up that was asked for and is rounded away."""
    asked = (
        ""
        if schedule.warmup_updates is not None
        else f" of {_share(schedule.warmup)} of {horizon(schedule, updates)} updates"
    )
    rounded = f" is {length} update{'' if length == 1 else 's'}" if asked else " of 1 update"
    evidence = f"a warm-up{asked}{rounded}, that is none: the first update is at the peak"
    return _warn(
        "warm-up-vanishes",
        1,
        evidence,
        "a warm-up takes at least 2 updates: make it or the run longer, or leave it out",
    )


def _idle_start(config: RunConfig, curve: Curve) -> Iterator[Finding]:
    idle = sum(1 for _ in itertools.takewhile(lambda factor: factor == 0.0, curve.factors))
    if idle and curve.updates[0] == 1:
        evidence = "the first update has" if idle == 1 else f"the first {curve.updates[idle - 1]} updates have"
        advice = "schedule.count_from_zero = false, or schedule.warmup_start above 0, lets it learn at once"
        yield _warn("idle-start", 1, f"{evidence} a learning rate of 0", advice)


def _jumps(config: RunConfig, curve: Curve) -> Iterator[Finding]:
    """A warm-up from zero grows no faster than the number of the update, so growth is held against that."""
    points = list(zip(curve.updates, curve.factors, strict=True))
    for (before, low), (after, high) in itertools.pairwise(points):
        if low > 0 and high / low >= JUMP * after / before and not _is_restart(config, before, after):
            peak = config.optimizer.lr
            evidence = (
                f"grows × {fmt.number(high / low)} at once, from {fmt.number(peak * low)} to {fmt.number(peak * high)}"
            )
            yield _warn("lr-jump", after, evidence, 'schedule.warmup_shape = "linear" rises evenly to the peak')


def _is_restart(config: RunConfig, before: int, after: int) -> bool:
    """Whether a rise is the meaning of the schedule: back to the peak, once the warm-up is over."""
    return KINDS[config.schedule.kind].rises and before > warmup_updates(config.schedule, config.training.updates)


def diverged_before(config: RunConfig, cliffs: Iterable[Cliff]) -> Finding | None:
    """What became of earlier runs of the same setting, for a run that is planned; a setting is no cliff of its own."""
    own = [cliff for cliff in cliffs if _same_setting(cliff.config, config)]
    if not own:
        return None
    who = ", ".join(f"seed {cliff.config.seed} at update {cliff.update} ({cliff.run})" for cliff in own[:3])
    more = f" and {len(own) - 3} more" if len(own) > 3 else ""
    return _warn("diverged-before", 1, f"this setting has diverged: {who}{more}", "choose a lower optimizer.lr")


def _above_cliff(config: RunConfig, cliffs: Iterable[Cliff]) -> Iterator[Finding]:
    """The lowest rate at which a run of another setting diverged; a setting of which a seed diverged is a cliff for others only."""
    below = [
        cliff
        for cliff in cliffs
        if cliff.lr <= config.optimizer.lr
        and _same_but_rate(cliff.config, config)
        and not _same_setting(cliff.config, config)
    ]
    if below:
        lowest = min(below, key=lambda cliff: cliff.lr)
        evidence = (
            f"{fmt.number(config.optimizer.lr)} is not below {fmt.number(lowest.lr)}, at which {lowest.name} ({lowest.run}) "
            f"diverged at update {lowest.update}"
        )
        yield _warn("above-cliff", 1, evidence, f"choose optimizer.lr below {fmt.number(lowest.lr)}")


def _same_but_rate(one: RunConfig, other: RunConfig) -> bool:
    return one.model == other.model and _but_rate(one.optimizer) == _but_rate(other.optimizer)


def _same_setting(one: RunConfig, other: RunConfig) -> bool:
    """Whether two configurations differ in their seed at most."""
    return one.optimizer.lr == other.optimizer.lr and one.model_copy(update={"seed": other.seed}) == other


def _but_rate(optimizer: OptimizerConfig) -> dict[str, object]:
    return optimizer.model_dump(exclude={"lr"})


def _overlap(config: RunConfig, curve: Curve) -> Iterator[Finding]:
    """No fault of the schedule, but one that is as well known before the run."""
    if config.data.split == "overlap":
        evidence = 'the held-out sequences are trained on, shifted by some tokens (data.split = "overlap")'
        advice = (
            "compare the validation scores with nothing but runs that have the same fault; document is the clean split"
        )
        yield Finding(kind="split-overlap", update=1, severity="error", evidence=evidence, advice=advice)


def _share(factor: float) -> str:
    return f"{100 * factor:.3g} %"


def _warn(kind: str, update: int, evidence: str, advice: str) -> Finding:
    return Finding(kind=kind, update=update, severity="warning", evidence=evidence, advice=advice)


def _note(kind: str, update: int, evidence: str, advice: str) -> Finding:
    return Finding(kind=kind, update=update, severity="note", evidence=evidence, advice=advice)


_RULES: Final[Sequence[Callable[[RunConfig, Curve], Iterator[Finding]]]] = (
    _horizon,
    _floor,
    _idle_decay,
    _warmup,
    _idle_start,
    _jumps,
    _overlap,
)
