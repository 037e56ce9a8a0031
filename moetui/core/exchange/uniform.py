"""Rows that all have the same numbers, such as a log of one loss per update: read by columns, as there may be a million.

Nothing is decided here: what is not as plain as this is left to `moetui.core.exchange.rows`, and comes out the same there.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import islice
from operator import itemgetter, lt
from typing import Any, Final

import orjson

from engine.runfiles.metrics import Record
from moetui.core.exchange.columns import UPDATES, WHOLE, key_of, plain
from moetui.core.exchange.foreign import Choices, ForeignRun, name_of
from moetui.core.exchange.rows import Source, labels_of, mapped_columns, repeats_configuration
from moetui.core.exchange.sessions import blanks
from moetui.core.exchange.shapes import reshaped
from moetui.core.exchange.units import FRACTIONS, UNIX_SECONDS, can_be, implausible

_NUMBERS: Final = frozenset({float, int})
_PIECE: Final = 1 << 20
"""Bytes that are parsed at once."""

_EXACT: Final = 2**53
"""Whole numbers below it need no look of their own."""


def run_of_uniform(source: Source, lines: bytes, choices: Choices) -> ForeignRun | None:
    """The run of lines with one JSON object each, whose values are all plain numbers at rising updates.

    None for all others, which may be read all the same. Raises `UsageError` as `runs_of_rows` does.
    """
    columns = _columns(lines)
    if columns is None or any(len(values) < 2 for values in columns.values()):
        return None
    names = list(columns)
    sample = [("", {name: values[at] for name, values in columns.items()}) for at in (0, 1)]
    keys = list(map(key_of, names))
    own = len(set(keys)) == len(keys) and not any(key == "session" or key.startswith("expert_load/") for key in keys)
    if not own or labels_of(source, names, choices) or any(map(repeats_configuration, names)):
        return None
    if reshaped(source.path, sample)[0] is not sample:
        return None
    mapped = mapped_columns(source, names, None, sample, dict.fromkeys(names, len(sample)), choices)
    if plain(mapped.x) not in UPDATES or not _rising(columns[mapped.x]):
        return None
    measured = {key: columns[name] for name, key in mapped.keys.items()}
    ranges = {key: (min(values), max(values)) for key, values in measured.items() if key != "update"}
    if not all(_plain(key, measured[key], *limits) for key, limits in ranges.items()):
        return None
    records = _records(measured)
    sound = all(can_be(key, *limits) for key, limits in ranges.items())
    return ForeignRun(
        name=source.name or name_of(source.path),
        source=source.path,
        format=source.format,
        records=records,
        columns=dict(mapped.keys),
        notes=(*mapped.notes, *([] if sound else implausible(records))),
    )


def _columns(lines: bytes) -> dict[str, list[Any]] | None:
    """The values of each column; None unless each line has every one of them, no other, and numbers alone."""
    columns: dict[str, list[Any]] | None = None
    start = 0
    while start < len(lines):
        end = lines.find(b"\n", start + _PIECE) + 1 or len(lines)
        rows = _objects(lines[start:end])
        if not rows:
            return None
        columns = {name: [] for name in rows[0]} if columns is None else columns
        if len(rows) * len(columns) != sum(map(len, rows)) or not all(
            _appended(values, rows, name) for name, values in columns.items()
        ):
            return None
        start = end
    return columns or None


def _appended(values: list[Any], rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    """Add the values of a column; False if a row has none, or one that is no number."""
    try:
        found = list(map(itemgetter(name), rows))
    except KeyError:
        return False
    values += found
    return _NUMBERS.issuperset(map(type, found))


def _objects(lines: bytes) -> list[dict[str, Any]]:
    """The objects of lines; none unless each of them is surely one.

    No value can go over the end of a line: texts hold none, and behind the comma of an object no other one begins.
    """
    lines = lines.removesuffix(b"\n")
    ends = lines.count(b"\n")
    if not lines.startswith(b"{") or lines.count(b"\n{") != ends or b"[" in lines or b"\r" in lines:
        return []
    try:
        found: list[dict[str, Any]] = orjson.loads(b"[" + lines.replace(b"\n", b",\n") + b"]")
    except orjson.JSONDecodeError:
        return []
    return found if len(found) == ends + 1 else []


def _rising(updates: Sequence[Any]) -> bool:
    whole = updates[0] >= 0 and updates[-1] < _EXACT and {int}.issuperset(map(type, updates))
    return whole and all(map(lt, updates, islice(updates, 1, None)))


def _plain(key: str, values: Sequence[Any], least: float, most: float) -> bool:
    """Whether the values of a key are measurements as they stand."""
    if not (least >= 0 and most < _EXACT) and not {float}.issuperset(map(type, values)):
        return False
    if key in WHOLE and not {int}.issuperset(map(type, values)):
        return False
    return most <= (1 if key in FRACTIONS else UNIX_SECONDS if key == "seconds" else math.inf)


def _records(measured: Mapping[str, list[Any]]) -> list[Record]:
    """The records, with their keys in the order of `runs_of_rows`: times are read last there."""
    records = blanks(measured["update"])
    for key in sorted((key for key in measured if key != "update"), key="seconds".__eq__):
        values = map(float, measured[key]) if key == "seconds" else measured[key]
        for record, value in zip(records, values, strict=True):
            record[key] = value
    return records
