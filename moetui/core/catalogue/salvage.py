"""What can still be read of a runs.json that is torn, was merged with conflicts, or holds documents that are no records."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from moetui.core.catalogue.records import RunRecord

_OPENING: Final = re.compile(r'"([A-Za-z0-9][A-Za-z0-9._-]{0,127})"\s*:\s*\{')
_RECORD: Final = re.compile(r'\s*"id"\s*:')
_DECODER: Final = json.JSONDecoder(strict=False)


@dataclass(frozen=True, slots=True)
class Salvaged:
    """The records that are whole, by id, and the ids of those that are not."""

    records: dict[str, RunRecord]
    lost: tuple[str, ...] = ()


def salvage(raw: bytes) -> Salvaged:
    """Every record of a file that is whole, whatever stands around it. Of the sides of a conflict the first one counts."""
    records: dict[str, RunRecord] = {}
    torn: list[str] = []
    for text in _sides(raw.decode(errors="replace")):
        for key, record in _records(text):
            if record is None:
                torn.append(key)
            else:
                records.setdefault(key, record)
    return Salvaged(records, tuple(dict.fromkeys(key for key in torn if key not in records)))


def _sides(text: str) -> Iterator[str]:
    """The text, or with conflict markers what each side of the merge had."""
    if not re.search("^<{7}", text, re.MULTILINE):
        yield text
        return
    for wanted in ("ours", "theirs"):
        side, kept = "both", []
        for line in text.splitlines(keepends=True):
            if line.startswith("<<<<<<<"):
                side = "ours"
            elif line.startswith("|||||||") and side == "ours":
                side = "base"
            elif line.startswith("=======") and side in ("ours", "base"):
                side = "theirs"
            elif line.startswith(">>>>>>>"):
                side = "both"
            elif side in ("both", wanted):
                kept.append(line)
        yield "".join(kept)


def _records(text: str) -> Iterator[tuple[str, RunRecord | None]]:
    """Each record by its id, in the order of the text; None for one that is not whole."""
    position = 0
    while (found := _OPENING.search(text, position)) is not None:
        position = found.end()
        if not _RECORD.match(text, position):
            continue  # a table, or a part of a record that is not whole
        record, end = _read(text, found.end() - 1, found[1])
        yield found[1], record
        position = end or position


def _read(text: str, start: int, key: str) -> tuple[RunRecord | None, int]:
    """The record that begins at `start` and where it ends; 0 where nothing whole begins."""
    try:
        document, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None, 0
    return _validated(document, key), end


def _validated(document: Any, key: str) -> RunRecord | None:
    try:
        record = RunRecord.model_validate(document)
    except ValidationError:
        return None
    return record if record.id == key else None
