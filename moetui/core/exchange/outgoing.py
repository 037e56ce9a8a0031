"""A run as trackers of experiments take it: its settings, and rows of numbers with the moment of each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.runfiles.metrics import Record
from moetui.core.exchange.columns import flat
from moetui.core.exchange.settings_of_others import OURS
from moetui.core.runs.detail import Detail

PROJECT: Final = "moetui"
"""What the project (of MLflow, the experiment) is called to which runs are exported."""


_LATEST: Final = 253_402_300_799.0  # the end of the year 9999


@dataclass(frozen=True, slots=True)
class Row:
    """The numbers of one record by key, without its update, and when it was measured, in Unix seconds."""

    update: int
    moment: float
    values: Record


def rows_of(found: Detail) -> Iterator[Row]:
    """The records of a run. Sessions are told where there are several."""
    begun = found.record.started or found.record.created
    sessions = {record.get("session", 1) for record in found.records} - {1}
    for record in found.records:
        values = flat(record)
        del values["update"]
        if not sessions:
            values.pop("session", None)
        yield Row(record["update"], min(begun + _seconds(record), _LATEST), values)


def _seconds(record: Mapping[str, Any]) -> float:
    """The training time of a record; 0 where it is not known, or is more than a moment can be."""
    seconds = record.get("seconds", 0.0)
    return float(seconds) if isinstance(seconds, int | float) and 0 <= seconds < 1e9 else 0.0


def settings_told(found: Detail) -> dict[str, Any]:
    """The settings that are known, by dotted key, and the id of the run, by which an import knows that times are told."""
    return {key: value for key, value in found.known.items() if value is not None} | {OURS: found.record.id}
