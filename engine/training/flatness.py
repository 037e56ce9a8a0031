"""Noticing that a run does not learn."""

from engine.health.learning import flat
from engine.health.measured import Measured
from engine.health.setting import Setting
from engine.health.thresholds import DEFAULT
from engine.runfiles.history import History
from engine.runfiles.rundir import Finding, RunDir
from engine.spec.config import RunConfig


class FlatnessWatch:
    """Looks at the records of a run as they are on disk, so that a run that was resumed is seen from its beginning."""

    def __init__(self, run: RunDir, config: RunConfig) -> None:
        self._history = History(run.metrics_file)
        self._setting = Setting.of(config)

    def look(self) -> Finding | None:
        """The finding that the loss has hardly moved so far, or None."""
        self._history.refresh()
        return flat(Measured(self._history.records), self._setting, DEFAULT)
