"""Settings of one plan that differ on paper alone: their schedules have the same learning rate at every update.

Lengths are rounded to whole updates, so a warm-up of 2 % of 50 updates is one update, which is at the peak, like none. A key that
does not belong to the kind of the schedule makes no difference either.
"""

from collections.abc import Sequence
from typing import Final

import orjson

from engine.runfiles.rundir import Finding
from engine.spec.config import RunConfig
from engine.spec.schedules import ScheduleConfig
from moetui.core.planning.audit import planned

_PLATEAU_KEYS: Final = ("plateau_factor", "plateau_patience", "plateau_threshold", "floor")
"""What decides about the drops of a plateau schedule, which depend on the evaluations."""


def equal_schedules(runs: Sequence[tuple[str, RunConfig]]) -> tuple[Finding | None, ...]:
    """For each run, by its name and configuration, a finding if an earlier setting differs from its own in nothing that acts."""
    first: dict[tuple[object, ...], tuple[str, RunConfig]] = {}
    found: list[Finding | None] = []
    for name, config in runs:
        before, other = first.setdefault(_acts(config), (name, config))
        found.append(None if other.schedule == config.schedule else _finding(before, other.schedule, config.schedule))
    return tuple(found)


def _acts(config: RunConfig) -> tuple[object, ...]:
    """What a run does apart from its seed: everything but the schedule's keys, and the learning rates that they plan."""
    rest = config.model_dump(mode="json", exclude={"seed", "schedule"}, exclude_defaults=True)
    schedule = config.schedule
    own = [getattr(schedule, key) for key in _PLATEAU_KEYS] if schedule.kind == "plateau" else []
    return orjson.dumps(rest, option=orjson.OPT_SORT_KEYS), hash(planned(config).factors), *own


def _finding(before: str, other: ScheduleConfig, schedule: ScheduleConfig) -> Finding:
    here, there = schedule.model_dump(), other.model_dump()
    keys = [key for key in here if here[key] != there[key]]
    differing = ", ".join(f"schedule.{key} {_text(here[key])} instead of {_text(there[key])}" for key in keys)
    return Finding(
        kind="same-schedule",
        update=1,
        severity="warning",
        evidence=f"has the learning rate of {_setting(before)} at every update: {differing} changes nothing",
        advice="leave one of the two out, or make the run long enough for them to differ",
    )


def _setting(name: str) -> str:
    """The name of a run without its seed."""
    return "/".join(part for part in name.split("/") if not part.startswith("seed="))


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
