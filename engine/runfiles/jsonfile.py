"""JSON files that are replaced as a whole: a reader sees the old text or the new one, never half of it."""

import contextlib
import os
from pathlib import Path
from typing import TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from engine.runfiles.durable import sync_directory
from engine.runfiles.metrics import encode
from engine.runfiles.temporary import temporary_name
from engine.spec.harmless import one_line


class JsonFile(BaseModel):
    """What a file holds; keys that are not known are passed over, as a later version may have written them."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


FileT = TypeVar("FileT", bound=JsonFile)

CHUNK = 1 << 16
"""Bytes that are read at a time: nearly every file of a run directory is smaller."""


class DamagedFile(ValueError):  # noqa: N818  # reads as what it is where it is raised
    """A file of a run directory that cannot be understood; the message is one line."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


def read_file(path: Path | str, kind: type[FileT], *, passing: bool = False) -> FileT | None:
    """Read one JSON file of a run directory, or None where there is none. Raises `DamagedFile` with the path and the fault.

    `passing`: it is written often and without waiting for the disk, so that a power loss may leave its name and no content.
    """
    try:
        raw = _content(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except IsADirectoryError:
        raise DamagedFile(f"{path}: a directory stands in the place of this file") from None
    if passing and not raw.strip(b"\0"):
        return None
    try:
        return kind.model_validate_json(raw)  # JSON mode: lists stand for tuples, the words "nan" and "inf" for numbers
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise DamagedFile(f"{path}: {where + ': ' if where else ''}{first['msg']}") from None


def _content(path: Path | str) -> bytes:
    """The bytes of a file; of ten thousand small ones, objects for paths and files take twice as long as reading."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = []
        while part := os.read(descriptor, CHUNK):
            parts.append(part)
    finally:
        os.close(descriptor)
    return b"".join(parts)


def text_of(value: BaseModel) -> bytes:
    """The text of a JSON file."""
    return orjson.dumps(encode(value.model_dump()), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def write_file(path: Path, value: BaseModel, *, durable: bool = False) -> None:
    """Replace one JSON file of a run directory as a whole. `durable` also survives a power loss, at some milliseconds."""
    raw = text_of(value)
    temporary = temporary_name(path)
    try:
        with temporary.open("xb") as file:  # with the rights that the umask leaves
            file.write(raw)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    if durable:
        # The new file is in its place already: where a directory cannot be synced, a power loss may bring the old one back.
        with contextlib.suppress(OSError):
            sync_directory(path.parent)
