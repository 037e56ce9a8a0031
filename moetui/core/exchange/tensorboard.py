"""TensorBoard logs: one directory with event files is one run, and every scalar tag one curve.

Tags are the keys of the metrics. Event files hold scalars as 32-bit floats, so values come back to seven digits.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.runfiles.metrics import Record
from moetui.core.errors import UsageError
from moetui.core.exchange.columns import WHOLE, flat, key_of, unflat
from moetui.core.exchange.foreign import Choices, ForeignRun, bad_input, listed, name_of
from moetui.core.exchange.format import Look
from moetui.core.exchange.sessions import SINCE_FIRST, blank, in_sessions
from moetui.core.exchange.units import implausible
from moetui.core.runs.detail import Detail

EVENTS: Final = "events.out.tfevents."
"""How the name of an event file begins."""

SIDES: Final = frozenset({"train", "training", "val", "valid", "validation", "eval", "evaluation", "test"})
"""Names of directories in which a writer keeps one side of a run."""

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


@dataclass(frozen=True, slots=True)
class _Event:
    """One value of a tag. `number` is None for what is no scalar."""

    tag: str
    step: int
    moment: float
    number: float | None


def is_events(look: Look) -> str:
    """Why a file or directory is a log of TensorBoard."""
    if not look.folder:
        return f"its name begins with {EVENTS}" if look.path.name.startswith(EVENTS) else ""
    return "it holds event files" if next(look.path.rglob(f"{EVENTS}*"), None) else ""


def read_folder(path: Path, choices: Choices) -> list[ForeignRun]:
    """The runs whose event files lie at or below a directory, or beside a file. Raises `UsageError` if they are damaged.

    A directory is a run. So are one and those below it that a writer has made for its own series: `add_scalars` names them after
    the tag, Keras and others `train` and `validation`.
    """
    root = path if path.is_dir() else path.parent
    events = {folder: list(_events_of(folder)) for folder in event_folders(root)}
    if not path.is_dir():
        events = {root: events[root]}
    owners: dict[Path, list[Path]] = {}
    for folder in events:
        owners.setdefault(_owner(folder, root, events), []).append(folder)
    return [
        _run(owner, name_of(owner) if owner == root else str(owner.relative_to(root)), {f: events[f] for f in folders})
        for owner, folders in owners.items()
    ]


def _owner(folder: Path, root: Path, events: Mapping[Path, Sequence[_Event]]) -> Path:
    """The directory of the run that the series of a directory belong to."""
    while folder != root:
        of_tag = folder.parent in events and all(
            folder.name.startswith(f"{event.tag.replace('/', '_')}_") for event in events.get(folder, ())
        )
        if not (of_tag or folder.name.lower() in SIDES):
            break
        folder = folder.parent
    return folder


def _run(owner: Path, name: str, parts: Mapping[Path, Sequence[_Event]]) -> ForeignRun:
    rows: list[Record] = []
    left_out: dict[str, None] = {}
    events = [(_tag(owner, folder, event), event) for folder, own in parts.items() for event in own]
    columns = _columns([tag for tag, event in events if event.number is not None])
    first = min((event.moment for _, event in events if event.number is not None), default=0.0)
    for tag, event in events:
        if event.number is None:
            left_out[tag] = None
            continue
        if event.step < 0:
            raise bad_input(owner, f"step {event.step}", "is negative")
        key = columns[tag]
        if key in _UNTOLD:
            left_out[tag] = None
            continue
        values = blank(event.step)
        values[key] = _kind(key, event.number)
        if key != "seconds":
            values[SINCE_FIRST] = event.moment - first
        rows.append(values)
    if not rows:
        raise bad_input(owner, "", "the event files hold no scalars")
    records, notes = in_sessions(rows)
    notes += [
        f"{tag} is kept under its own name, as there are more values of another for {key_of(tag)}"
        for tag, key in columns.items()
        if key != key_of(tag)
    ]
    for record in records:
        moment = record.pop(SINCE_FIRST, None)
        if moment is not None:
            record.setdefault("seconds", moment)
    if left_out:
        notes.insert(0, f"left out, as they are no scalars: {listed(list(left_out))}")
    return ForeignRun(
        name=name,
        source=owner,
        format="tensorboard",
        records=[unflat(record) for record in records],
        columns=columns,
        notes=(*notes, *implausible(records)),
    )


def _columns(tags: Sequence[str]) -> dict[str, str]:
    """The key of each tag. Of several tags for one key that with the most values has it; the others keep their own names."""
    counts = Counter(tags)
    keys = {tag: key_of(tag) for tag in counts}
    best = {key: max((tag for tag in keys if keys[tag] == key), key=lambda tag: counts[tag]) for key in keys.values()}
    return {tag: key if best[key] == tag else tag for tag, key in keys.items()}


def _tag(owner: Path, folder: Path, event: _Event) -> str:
    """The name of a series: for one in a directory of its own, the tag with what the directory says."""
    if folder == owner:
        return event.tag
    main = f"{event.tag.replace('/', '_')}_"
    if folder.name.startswith(main):
        return f"{event.tag}/{folder.name.removeprefix(main)}"
    return f"{folder.relative_to(owner)}/{event.tag.removeprefix('epoch_')}"


def event_folders(root: Path) -> list[Path]:
    """Every directory at or below `root` that holds event files."""
    return sorted({path.parent for path in root.rglob(f"{EVENTS}*") if path.is_file()})


def _events_of(folder: Path) -> Iterator[_Event]:
    """The values of all files of a directory, file by file in the order of their first ones."""
    files = [list(_values(path)) for path in sorted(folder.glob(f"{EVENTS}*"))]
    for events in sorted(filter(None, files), key=lambda events: events[0].moment):
        yield from events


def _values(path: Path) -> Iterator[_Event]:
    for event in _events(path):
        for value in event.summary.value:
            yield _Event(value.tag, event.step, event.wall_time, _scalar(value))


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
