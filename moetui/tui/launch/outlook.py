"""What would run for a choice: the planned runs, or what stands in the way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from moetui.core.errors import LabError
from moetui.core.maintenance.offline import offline_settings
from moetui.core.planning.plan import PlannedRun, Selection, plan
from moetui.core.planning.presets import Library
from moetui.tui.launch.choice import Choice, own_choice
from moetui.tui.launch.typed import Shape


@dataclass(frozen=True, slots=True)
class Ground:
    """A preset with the settings that hold for all its runs and the axes of its grid that were given by hand.

    `own` are the runs it plans if its lists are left alone.
    """

    preset: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    axes: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    own: tuple[PlannedRun, ...] = ()
    problem: str = ""

    def choice(self, shapes: tuple[Shape, ...], earlier: Choice | None) -> Choice:
        """The preset's own choice, or an earlier one over it."""
        fresh = own_choice(self.own, shapes)
        return fresh if earlier is None or self.problem else earlier.rebased(fresh)


@dataclass(frozen=True, slots=True)
class Outlook:
    """The runs that would be queued, or in one line why there are none."""

    runs: tuple[PlannedRun, ...] = ()
    problem: str = ""


def ground(
    library: Library,
    preset: str,
    settings: Mapping[str, Any],
    axes: Mapping[str, tuple[Any, ...]],
    *,
    offline: bool,
) -> Ground:
    """Plan a preset as it is. Settings made by hand win over those that take it off the network."""
    try:
        own = plan(library, Selection(presets=(preset,), settings=settings, axes=axes))
        if offline:
            settings = offline_settings(*(run.config for run in own)) | dict(settings)
            own = plan(library, Selection(presets=(preset,), settings=settings, axes=axes))
    except LabError as error:
        return Ground(preset, settings, axes, problem=str(error))
    return Ground(preset, settings, axes, tuple(own))


def look_ahead(library: Library, base: Ground, choice: Choice) -> Outlook:
    """Plan a choice over a preset."""
    if problem := base.problem or choice.missing:
        return Outlook(problem=problem)
    try:
        return Outlook(tuple(plan(library, choice.selection(base.preset, base.settings, base.axes))))
    except LabError as error:
        return Outlook(problem=str(error))
