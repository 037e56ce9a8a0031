"""In which order several runs are stopped."""

from collections.abc import Iterable

from engine.runfiles.jsonfile import DamagedFile
from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.lab import Lab


def in_stopping_order(lab: Lab, runs: Iterable[RunRecord]) -> list[RunRecord]:
    """The runs that wait now first, so that none of them starts on a device that is just becoming free."""
    return sorted(runs, key=lambda run: not _waits(lab, run))


def _waits(lab: Lab, run: RunRecord) -> bool:
    try:
        return lab.see(run).waiting
    except (DamagedFile, OSError):  # stopping it will tell
        return False
