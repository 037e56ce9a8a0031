"""What lies before the user on the Launch screen: the presets, what was chosen and set for each, and the plan that follows."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from moetui.core.plan import flat_config
from moetui.core.presets import Fault, Library, Preset
from moetui.tui.launch.choice import Choice, shapes_of
from moetui.tui.launch.outlook import Ground, Outlook, ground, look_ahead
from moetui.tui.launch.typed import Shape


@dataclass(slots=True)
class Desk:
    """The state of the screen without its widgets. Choices and settings are kept for each preset while the program runs."""

    library: Library
    faults: tuple[Fault, ...] = ()
    offline: bool = False
    preset: Preset | None = None
    ground: Ground = field(default_factory=lambda: Ground(""))
    outlook: Outlook = field(default_factory=Outlook)
    _choices: dict[str, Choice] = field(default_factory=dict)
    _settings: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def choice(self) -> Choice | None:
        """The lists of the present preset; None if there is no preset or it cannot be planned at all."""
        return self._choices.get(self.preset.name) if self.preset else None

    @property
    def settings(self) -> Mapping[str, Any]:
        """What was set by hand for the present preset."""
        return self._settings.get(self.preset.name, {}) if self.preset else {}

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
        """Plan the present preset anew: after a change of its settings, of the library or of `offline`."""
        if self.preset is None:
            self.ground, self.outlook = Ground(""), Outlook()
            return
        name = self.preset.name
        self.ground = ground(self.library, name, self.settings, offline=self.offline)
        if not self.ground.problem:
            self._choices[name] = self.ground.choice(self.shapes, self._choices.get(name))
        self._look()

    def choose(self, choice: Choice) -> None:
        """Plan another choice for the present preset."""
        if self.preset is not None:
            self._choices[self.preset.name] = choice
            self._look()

    def set(self, settings: Mapping[str, Any]) -> None:
        """Replace what was set by hand for the present preset."""
        if self.preset is not None:
            self._settings[self.preset.name] = dict(settings)
            self.replan()

    def check(self, settings: Mapping[str, Any]) -> str:
        """What would be wrong with these settings; empty if nothing."""
        trial = replace(self, _choices=dict(self._choices), _settings=dict(self._settings))
        trial.set(settings)
        # An empty list is no fault of the settings.
        waiting = trial.choice is not None and trial.choice.missing
        return trial.ground.problem or ("" if waiting else trial.outlook.problem)

    def present(self) -> dict[str, Any]:
        """The values of all keys in the first of the planned runs."""
        runs = self.outlook.runs or self.ground.own
        return flat_config(runs[0].config) if runs else {}

    def _look(self) -> None:
        choice = self.choice
        self.outlook = Outlook(problem=self.ground.problem)
        if choice is not None and not self.ground.problem:
            self.outlook = look_ahead(self.library, self.ground, choice)
