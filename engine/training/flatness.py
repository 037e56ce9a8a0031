"""Noticing that a run does not learn."""

from engine.health.curves import in_order
from engine.health.learning import flat
from engine.health.setting import Setting
from engine.health.thresholds import DEFAULT
from engine.runfiles.metrics import MetricsReader, Record
from engine.runfiles.rundir import Finding, RunDir
from engine.spec.config import RunConfig


class FlatnessWatch:
    """Looks at the records of a run as they are on disk, so that a run that was resumed is seen from its beginning."""

    def __init__(self, run: RunDir, config: RunConfig) -> None:
        self._reader = MetricsReader(run.metrics_file)
        self._setting = Setting.of(config)
        self._records: list[Record] = []

    def look(self) -> Finding | None:
        """The finding that the loss has hardly moved so far, or None."""
        self._records += self._reader.read()
        return flat(in_order(self._records), self._setting, DEFAULT)
