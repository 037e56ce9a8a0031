"""Where the engine keeps what it can make again: extracted documents and token arrays."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

EntryT = TypeVar("EntryT", bound=BaseModel)


def cache_root() -> Path:
    """`$XDG_CACHE_HOME/moetui`, by default `~/.cache/moetui`; made if it is not there."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG specification has relative paths ignored.
    root = (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "moetui"
    root.mkdir(parents=True, exist_ok=True)
    return root


def read_entry(path: Path, kind: type[EntryT]) -> EntryT | None:
    """A JSON file of the cache, or None where it is missing or damaged: either way it is made again."""
    try:
        return kind.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None


@contextmanager
def building(name: str) -> Iterator[Path]:
    """Hold the lock of the cache entry `name`, so that it is built once however many runs want it; waits for the other builder.

    Yields an empty directory to build in, on the same file system as the cache; what is left of it at the end is removed.
    """
    workplace = cache_root() / "building" / name
    workplace.parent.mkdir(exist_ok=True)
    with workplace.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(workplace, ignore_errors=True)  # a builder that was killed leaves its own behind
        workplace.mkdir()
        try:
            yield workplace
        finally:
            shutil.rmtree(workplace, ignore_errors=True)
