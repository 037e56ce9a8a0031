"""TensorBoard logs: one directory with event files is one run, and every scalar tag one curve.

Tags are the keys of the metrics. Event files hold scalars as 32-bit floats, so values come back to seven digits.
"""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from engine.runfiles.metrics import Record
from moetui.core.errors import UsageError
from moetui.core.exchange.columns import WHOLE, flat, key_of, unflat
from moetui.core.exchange.foreign import ForeignRun, bad_input
from moetui.core.runs.detail import Detail

EVENTS: Final = "events.out.tfevents."
"""How the name of an event file begins."""

_UNTOLD: Final = frozenset({"update", "session"})
"""Keys that are no curves: the update is the step of an event."""


def write_events(found: Detail, folder: Path) -> None:
    """Write the records of a run as one event file in a directory, which is made. Raises `UsageError` without tensorboard."""
    writer, event_class, summary_class = _writer()
    run = found.record
    begun = run.started or run.created
    events = writer(str(folder))
    for record in found.records:
        values = [
            summary_class.Value(tag=key, simple_value=value)
            for key, value in flat(record).items()
            if key not in _UNTOLD
        ]
        moment = begun + float(record.get("seconds", 0.0))
        events.add_event(event_class(wall_time=moment, step=record["update"], summary=summary_class(value=values)))
    events.close()


def read_events(folder: Path, name: str) -> ForeignRun:
    """The run whose event files lie in a directory. Raises `UsageError` if they are damaged or hold no scalars."""
    rows: dict[int, dict[str, Any]] = {}
    first = math.inf
    left_out: dict[str, None] = {}
    for path in sorted(folder.glob(f"{EVENTS}*")):
        for event in _events(path):
            for value in event.summary.value:
                number = _scalar(value)
                if number is None:
                    left_out[value.tag] = None
                    continue
                first = min(first, event.wall_time)
                row = rows.setdefault(event.step, {"update": event.step, "session": 1})
                key = key_of(value.tag)
                row[key] = _kind(key, number)
                row.setdefault("seconds", event.wall_time - first)
    if not rows:
        raise bad_input(folder, "", "the event files hold no scalars")
    if min(rows) < 0:
        raise bad_input(folder, f"step {min(rows)}", "is negative")
    records: list[Record] = [unflat(rows[step]) for step in sorted(rows)]
    notes = (f"left out, as they are no scalars: {', '.join(left_out)}",) if left_out else ()
    return ForeignRun(name=name, source=folder, format="tensorboard", records=records, notes=notes)


def event_folders(root: Path) -> list[Path]:
    """Every directory at or below `root` that holds event files."""
    return sorted({path.parent for path in root.rglob(f"{EVENTS}*") if path.is_file()})


def _events(path: Path) -> Iterable[Any]:
    loader = _loader()
    try:
        yield from loader(str(path)).Load()
    except Exception as error:  # the reader raises what its protocol buffers raise
        raise bad_input(path, "", f"is damaged ({' '.join(str(error).split())[:80]})") from None


def _scalar(value: Any) -> float | None:
    """The number of a summary value: the reader turns every scalar into a tensor of one float."""
    if value.HasField("simple_value"):
        return float(value.simple_value)
    if value.metadata.plugin_data.plugin_name != "scalars" or not value.HasField("tensor"):
        return None
    from tensorboard.util.tensor_util import make_ndarray

    array = make_ndarray(value.tensor)
    return float(array.item()) if array.size == 1 and array.dtype.kind in "fiu" else None


def _kind(key: str, number: float) -> Any:
    """The number as the records have it; in event files everything is a float."""
    if key == "clipped":
        return number != 0
    return round(number) if key in WHOLE and math.isfinite(number) else number


def _loader() -> Any:
    try:
        from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
    except ImportError:
        raise _missing() from None
    return EventFileLoader


def _writer() -> tuple[Any, Any, Any]:
    try:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.event_file_writer import EventFileWriter
    except ImportError:
        raise _missing() from None
    return EventFileWriter, Event, Summary


def _missing() -> UsageError:
    return UsageError("TensorBoard logs need the package tensorboard: pip install 'moetui[tensorboard]'")
