"""Runs that saw the same batches in the same order as another: same data, same seed, another setting."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from engine.health.measured import Measured
from engine.health.peers import Peers
from engine.runfiles.history import read_records
from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.lab import Lab

MOST: Final = 24
"""So many runs are read beside one; more do not change what is common."""
MOST_BYTES: Final = 8 << 20
"""Size of the metrics from which on a run is not read beside another."""

_METRICS: Final = "metrics.json"
_TABLES: Final = (".csv", ".jsonl", ".parquet")


class SameOrder:
    """Finds and reads them; what was read once is kept, so that one of these serves all runs of a study."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._read: dict[str, Measured] = {}

    def peers(self, record: RunRecord, runs: Sequence[RunRecord]) -> Peers:
        """The measurements of the runs that share the data order of `record`."""
        beside = [run for run in runs if _beside(run, record)][:MOST]
        found = tuple(measured for run in beside if (measured := self._measured(run)).records)
        return Peers(found, "runs imported from the same folder") if record.imported else Peers(found)

    def _measured(self, run: RunRecord) -> Measured:
        if run.id not in self._read:
            try:
                file = self._lab.run_dir(run).metrics_file
                self._read[run.id] = Measured(read_records(file) if file.stat().st_size <= MOST_BYTES else ())
            except OSError:  # a directory that is gone tells nothing
                self._read[run.id] = Measured()
        return self._read[run.id]


def _beside(run: RunRecord, record: RunRecord) -> bool:
    """Whether a run with a directory saw what `record` saw, in another setting.

    Imports seldom tell seed and data: those that came from one folder count, unless they tell different ones.
    """
    if not run.path or run.id == record.id or run.imported != record.imported:
        return False
    if run.group == record.group or run.seed != record.seed or run.data_fingerprint != record.data_fingerprint:
        return False
    if record.imported:
        return bool(record.source) and _folder(run) == _folder(record)
    family = run.study == record.study if record.study else run.preset == record.preset
    return family and run.seed is not None and bool(run.data_fingerprint) and _order(run) == _order(record)


def _order(run: RunRecord) -> tuple[object, ...]:
    """What the order of the batches follows from, besides seed and text."""
    data = {key: value for key, value in (run.settings or {}).items() if key.startswith("data.")}
    return run.tokens_per_update, sorted(data.items(), key=lambda pair: pair[0])


def _folder(run: RunRecord) -> Path:
    """The folder that holds the sources of a sweep; of a table, which holds many runs, the table itself."""
    source = Path(run.source)
    if source.suffix.lower() in _TABLES:
        return source
    return source.parent.parent if source.name == _METRICS else source.parent
