"""What lies before the user on the Launch screen: the presets, what was chosen and set for each, and the plan that follows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.spec.devices import too_many_devices
from moetui.core.cluster.backend import backends_here
from moetui.core.cluster.execution import HERE, LOCAL, Execution
from moetui.core.errors import LabError
from moetui.core.planning.plan import flat_config, resolve_chain
from moetui.core.planning.presets import Fault, Library, Preset
from moetui.core.planning.scale import at_scale, base_at, scales
from moetui.core.planning.settings import merge
from moetui.tui.launch.choice import Choice, shapes_of
from moetui.tui.launch.outlook import Ground, Outlook, ground, look_ahead
from moetui.tui.launch.typed import Shape

Axes = Mapping[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Edits:
    """What was changed by hand over a preset: settings of all its runs, and keys that are varied."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    axes: Axes = field(default_factory=dict)

    def with_value(self, key: str, value: Any) -> "Edits":
        """With one key set for all runs."""
        settings = merge(self.settings, {key: value})
        return Edits(settings, {other: values for other, values in self.axes.items() if other != key})

    def with_axis(self, key: str, values: tuple[Any, ...]) -> "Edits":
        """With one key varied."""
        settings = {other: value for other, value in self.settings.items() if other != key}
        return Edits(settings, merge(self.axes, {key: values}))

    def without(self, key: str) -> "Edits":
        """With one key as the preset has it."""
        return Edits(
            {other: value for other, value in self.settings.items() if other != key},
            {other: values for other, values in self.axes.items() if other != key},
        )

    @property
    def keys(self) -> frozenset[str]:
        """The keys that were changed."""
        return frozenset((*self.settings, *self.axes))

    def differing(self, other: "Edits") -> frozenset[str]:
        """The keys in which two of them differ."""
        return frozenset(
            key
            for key in self.keys | other.keys
            if (self.settings.get(key), self.axes.get(key)) != (other.settings.get(key), other.axes.get(key))
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """All that was chosen for one preset."""

    preset: str
    scale: str
    offline: bool
    reuse: bool
    edits: Edits
    choice: Choice


@dataclass(slots=True)
class Desk:
    """The state of the screen without its widgets. Choices and edits are kept for each preset while the program runs."""

    library: Library
    faults: tuple[Fault, ...] = ()
    offline: bool = False
    scale: str = ""
    reuse: bool = True
    execution: Execution = HERE
    preset: Preset | None = None
    ground: Ground = field(default_factory=lambda: Ground(""))
    outlook: Outlook = field(default_factory=Outlook)
    _choices: dict[str, Choice] = field(default_factory=dict)
    _edits: dict[str, Edits] = field(default_factory=dict)

    @property
    def choice(self) -> Choice | None:
        """The lists of the present preset; None if there is no preset or it cannot be planned at all."""
        return self._choices.get(self.preset.name) if self.preset else None

    @property
    def edits(self) -> Edits:
        """What was changed by hand over the present preset."""
        return self._edits.get(self.preset.name, Edits()) if self.preset else Edits()

    @property
    def plan(self) -> Plan | None:
        """What is chosen for the present preset; None without one, or for one that cannot be planned."""
        if self.preset is None or self.choice is None or self.ground.problem:
            return None
        return Plan(self.preset.name, self.scale, self.offline, self.reuse, self.edits, self.choice)

    def resume(self, plan: Plan) -> bool:
        """Take up a plan of an earlier session; False, with nothing changed, if it cannot be planned any more."""
        preset = next((one for one in self.library if one.name == plan.preset), None)
        trial = replace(self, scale=plan.scale, offline=plan.offline, _choices={}, _edits={plan.preset: plan.edits})
        trial.take(preset)
        if preset is None or trial.ground.problem:
            return False
        self.scale, self.offline, self.reuse = plan.scale, plan.offline, plan.reuse
        self._edits[plan.preset], self._choices[plan.preset] = plan.edits, plan.choice
        self.take(preset)
        return True

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The schedules that are offered for every preset."""
        return shapes_of(self.library)

    def take(self, preset: Preset | None) -> None:
        """Turn to a preset, or to none."""
        self.preset = preset
        self.replan()

    def reload(self, library: Library, faults: tuple[Fault, ...]) -> None:
        """Take the presets as they are on disk now."""
        self.library, self.faults = library, faults
        name = self.preset.name if self.preset else ""
        self.take(next((preset for preset in library if preset.name == name), None))

    def replan(self) -> None:
        """Plan the present preset anew: after a change of its edits, of the library, of `scale` or of `offline`."""
        if self.preset is None:
            self.ground, self.outlook = Ground(""), Outlook()
            return
        name = self.preset.name
        try:
            scaled = at_scale(self.library, name, self.scale)
        except LabError as error:
            self.ground = Ground(name, problem=str(error))
        else:
            edits = self.edits
            self.ground = ground(self.library, scaled, edits.settings, edits.axes, offline=self.offline)
        if not self.ground.problem:
            self._choices[name] = self.ground.choice(self.shapes, self._choices.get(name))
        self._look()

    def choose(self, choice: Choice) -> None:
        """Plan another choice for the present preset."""
        if self.preset is not None:
            self._choices[self.preset.name] = choice
            self._look()

    def edit(self, edits: Edits) -> None:
        """Replace what was changed by hand; a list of the screen follows the key that decides it."""
        if self.preset is not None:
            changed = self.edits.differing(edits)
            self._edits[self.preset.name] = edits
            if self.choice is not None:
                self._choices[self.preset.name] = self.choice.untouched(changed)
            self.replan()

    def check(self, edits: Edits) -> str:
        """What would be wrong with these edits; empty if nothing."""
        trial = replace(self, _choices=dict(self._choices), _edits=dict(self._edits))
        trial.edit(edits)
        # An empty list is no fault of the edits.
        waiting = trial.choice is not None and trial.choice.missing
        return trial.ground.problem or ("" if waiting else trial.outlook.problem)

    def next_scale(self) -> None:
        """Plan at the next larger scale; after the largest, at the preset's own."""
        offered = ["", *sorted(scales(self.library), key=self._size)]
        here = offered.index(self.scale) if self.scale in offered else 0
        self.scale = offered[(here + 1) % len(offered)]
        self.replan()

    def next_devices(self) -> str:
        """Train each run on twice as many devices, or on one again where that is too many; why even two are, if they are."""
        now = self.execution.devices
        faults = [words for run in self.outlook.runs if (words := too_many_devices(run.config, 2 * now))]
        self.execution = replace(self.execution, devices=1 if faults else 2 * now)
        return faults[0] if faults and now == 1 else ""

    def next_backend(self) -> str:
        """Let the next of the backends here execute the runs; why there is no other, if there is none."""
        here = backends_here()
        now = self.execution.backend
        after = here[(here.index(now) + 1) % len(here)] if now in here else LOCAL
        self.execution = replace(self.execution, backend=after)
        return "this machine reaches no cluster: there is no sbatch here" if after == now else ""

    def present(self) -> dict[str, Any]:
        """The values of all keys in the first of the planned runs."""
        runs = self.outlook.runs or self.ground.own
        return flat_config(runs[0].config) if runs else {}

    def unedited(self) -> dict[str, Any]:
        """The same without what was changed by hand."""
        plain = replace(self, _choices={}, _edits={})
        plain.replan()
        return plain.present()

    def varied(self) -> dict[str, tuple[Any, ...]]:
        """The keys that differ between the planned runs, with their values."""
        flats = [flat_config(run.config) for run in self.outlook.runs or self.ground.own]
        values = {key: _distinct(flat[key] for flat in flats) for key in (flats[0] if flats else ())}
        return {key: found for key, found in values.items() if len(found) > 1}

    def _size(self, scale: str) -> int:
        try:
            return resolve_chain(self.library.chain(base_at(self.library, scale)), {}).model.parameters
        except LabError:
            return 0  # planning at this scale will say what is wrong with it

    def _look(self) -> None:
        choice = self.choice
        self.outlook = Outlook(problem=self.ground.problem)
        if choice is not None and not self.ground.problem:
            self.outlook = look_ahead(self.library, self.ground, choice)


def _distinct(values: Iterable[Any]) -> tuple[Any, ...]:
    found: list[Any] = []
    for value in values:
        if value not in found:
            found.append(value)
    return tuple(found)
