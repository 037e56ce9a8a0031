"""What the ranks of a run that are not the first write of it: nothing."""

from engine.runfiles.metrics import MetricsWriter, Record
from engine.training.reporter import Reporter


class NoMetrics(MetricsWriter):
    """Takes records and drops them."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def write(self, record: Record) -> None:
        """Drop the record."""

    def sync(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""


class SilentReporter(Reporter):
    """Keeps the state and writes it nowhere."""

    def beat(self, *, now: bool = False) -> None:
        """Say nothing."""
