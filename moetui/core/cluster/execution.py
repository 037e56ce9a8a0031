"""How runs are executed. Nothing of it decides their outcome, so it stands beside their configuration, not in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from engine.runfiles.rundir import RunFile

LOCAL = "local"
"""The backend that is this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """By which backend runs are executed, on how many devices each, how many share one, and how often each is tried again.

    `retries` None takes the user's setting. `resources` are asked of a scheduler, over those of the settings.
    """

    backend: str = LOCAL
    devices: int = 1
    per_device: int = 1
    retries: int | None = None
    resources: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, entry: RunFile) -> "Execution":
        """How a run is executed that was queued before."""
        return cls(backend=entry.backend, devices=entry.devices, per_device=entry.per_device, retries=entry.retries)

    def changed(
        self, *, backend: str | None = None, devices: int | None = None, resources: Mapping[str, str] | None = None
    ) -> "Execution":
        """The same with what is said here; None stays as it was."""
        return replace(
            self,
            backend=backend or self.backend,
            devices=devices or self.devices,
            resources=self.resources if resources is None else resources,
        )


HERE = Execution()
"""On this machine, each run alone on one device."""
