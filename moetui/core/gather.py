"""What comparisons need to know of runs beyond their records, read from run directories and presets."""

from collections.abc import Iterable

from engine.rundir import DamagedFile
from moetui.core.errors import LabError
from moetui.core.lab import Lab
from moetui.core.presets import Library
from moetui.core.recorded import recorded_config
from moetui.core.records import RunRecord
from moetui.core.science.evidence import Evidence


def gather(lab: Lab, records: Iterable[RunRecord]) -> tuple[Evidence, ...]:
    """Each run with its configuration and device; what cannot be read is left unknown."""
    library = lab.library()
    return tuple(_from_directory(lab, record) if record.path else _from_preset(library, record) for record in records)


def _from_directory(lab: Lab, record: RunRecord) -> Evidence:
    run = lab.run_dir(record)
    try:
        entry, result, state = run.config(), run.result(), run.state()
    except (DamagedFile, OSError):
        return Evidence(record)
    name = (result.device_name if result else "") or (state.device_name if state else "")
    return Evidence(record, entry.config, name, result.peak_memory if result else None)


def _from_preset(library: Library, record: RunRecord) -> Evidence:
    try:
        return Evidence(record, recorded_config(library, record))
    except LabError:
        return Evidence(record)
