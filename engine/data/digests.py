"""Digests of files by their content, remembered as long as the system says that a file has not changed."""

import hashlib
import os
import time
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from engine.data.cache import cache_root, read_entry
from engine.errors import InputError
from engine.runfiles.jsonfile import write_file

SETTLED_SECONDS = 2.0
"""Age of the last change from which a digest is remembered: a second change may carry the same time as the first."""


class _Remembered(BaseModel):
    model_config = ConfigDict(frozen=True)

    digest: str


def digest_of(path: Path, key: str) -> str:
    """The SHA-256 of a file. It is read anew if its inode, size or a time of change is another; no tool can set back `ctime`.

    Raises `InputError`, with the key of the configuration that names it, if it cannot be read.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            seen = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            place = cache_root() / "digests" / f"{hashlib.sha256(repr(seen).encode()).hexdigest()[:24]}.json"
            if (known := read_entry(place, _Remembered)) is not None:
                return known.digest
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            if time.time() - status.st_ctime > SETTLED_SECONDS:
                place.parent.mkdir(exist_ok=True)
                write_file(place, _Remembered(digest=digest))
            return digest
    except OSError as error:
        raise InputError(f"{key}: {path}: {error.strerror or error}") from None
