"""Run files of W&B, `run-ID.wandb`, as they are written offline and before they are uploaded; read without its package.

A file is a log of LevelDB (https://github.com/google/leveldb/blob/main/doc/log_format.md) behind a header of 7 bytes. Its records
are protocol buffers (wandb/proto/wandb_internal.proto), of which three are read: Record.history (2), .config (5) and .run (17).
"""

import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from moetui.core.exchange.foreign import Choices, ForeignRun, bad_input
from moetui.core.exchange.format import Look
from moetui.core.exchange.rows import Source, runs_of_rows
from moetui.core.exchange.settings_of_others import OURS, with_settings
from moetui.core.exchange.shapes import Row
from moetui.core.exchange.tables import values_of

MAGIC: Final = b":W&B"

_HEADER: Final = 7
_BLOCK: Final = 1 << 15
_TIMES: Final = ("_timestamp", "_runtime")
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4

Fields = dict[int, list[Any]]


def is_wandb(look: Look) -> str:
    """Why a file is a run file of W&B."""
    return "it begins with :W&B" if look.raw.startswith(MAGIC) else ""


def read_wandb(path: Path, choices: Choices) -> list[ForeignRun]:
    """The run of one file. A file that a crash has cut short is read up to there. Raises `UsageError` if it is damaged."""
    rows: list[Row] = []
    config: dict[str, Any] = {}
    name = ""
    notes: list[str] = []
    try:
        for number, raw in enumerate(records_of(path.read_bytes(), notes), start=1):
            record = _fields(raw)
            for history in record.get(2, ()):
                values = dict(_item(item) for item in _fields(history).get(1, ()))
                rows.append((f"record {number}", values_of(values)))
            for run in record.get(17, ()):
                name = _text(_fields(run), 8) or _text(_fields(run), 1) or name
                for part in _fields(run).get(4, ()):
                    config |= _config(part)
            for part in record.get(5, ()):
                config |= _config(part)
    except (ValueError, IndexError, struct.error, RecursionError, TypeError, AttributeError) as error:
        raise bad_input(path, "", f"is damaged ({' '.join(str(error).split())[:80]})") from None
    about = {key: value for key, value in config.items() if key != "_wandb"}
    if OURS in about:  # an export has its own times; those of W&B are of the export itself
        rows = [(place, {key: value for key, value in row.items() if key not in _TIMES}) for place, row in rows]
    return [with_settings(run, about) for run in runs_of_rows(Source(path, "wandb", name), rows, choices, notes)]


def records_of(raw: bytes, notes: list[str]) -> Iterator[bytes]:
    """The records of the log. The end of a file that was cut short is noted; a wrong checksum is a `ValueError`."""
    if not raw.startswith(MAGIC):
        raise ValueError("it has no header")
    place, parts = _HEADER, b""
    while place + _HEADER <= len(raw):
        room = _BLOCK - place % _BLOCK
        if room < _HEADER:
            place += room
            continue
        checksum, length, kind = struct.unpack_from("<IHB", raw, place)
        if kind == 0 and length == 0:  # the rest of a block that was made beforehand
            place += room
            continue
        data = raw[place + _HEADER : place + _HEADER + length]
        if len(data) < length:
            break
        if zlib.crc32(data, zlib.crc32(bytes([kind]))) != checksum:
            raise ValueError(f"wrong checksum at byte {place}")
        parts = data if kind in (_FULL, _FIRST) else parts + data
        if kind in (_FULL, _LAST):
            yield parts
        place += _HEADER + length
    if place < len(raw):
        notes.append("the file was cut short; it is read up to there")


def _fields(raw: bytes) -> Fields:
    """The fields of a protocol buffer by number: integers, 8 or 4 bytes, or bytes."""
    found: Fields = {}
    place = 0
    while place < len(raw):
        tag, place = _varint(raw, place)
        value: Any
        if tag & 7 == 0:
            value, place = _varint(raw, place)
        elif tag & 7 == 2:
            length, place = _varint(raw, place)
            value, place = raw[place : place + length], place + length
        elif tag & 7 in (1, 5):
            width = 8 if tag & 7 == 1 else 4
            value, place = raw[place : place + width], place + width
        else:
            raise ValueError("an unknown kind of field")
        found.setdefault(tag >> 3, []).append(value)
    if place != len(raw):
        raise ValueError("a field reaches beyond its record")
    return found


def _varint(raw: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        byte = raw[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place
    raise ValueError("an endless number")


def _text(fields: Fields, number: int) -> str:
    return bytes(fields.get(number, [b""])[-1]).decode("utf-8", "replace")


def _item(raw: bytes) -> tuple[str, Any]:
    """Name and value of an item of a history: JSON in older versions, typed in newer ones."""
    fields = _fields(raw)
    name = _text(fields, 1) or "/".join(bytes(part).decode("utf-8", "replace") for part in fields.get(2, ()))
    if 16 in fields or 8 in fields:
        return name, json.loads(_text(fields, 16 if 16 in fields else 8))
    if 6 in fields:
        return name, struct.unpack("<d", fields[6][-1])[0]
    if 5 in fields:  # zigzag
        return name, fields[5][-1] >> 1 ^ -(fields[5][-1] & 1)
    if 4 in fields:
        return name, bool(fields[4][-1])
    return name, _text(fields, 7) if 7 in fields else None


def _config(raw: bytes) -> dict[str, Any]:
    items = (_fields(item) for item in _fields(raw).get(1, ()))
    return {_text(item, 1): json.loads(_text(item, 16)) for item in items if 1 in item and 16 in item}
