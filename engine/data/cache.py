"""Where the engine keeps what it can make again: extracted documents and token arrays."""

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeVar

from pydantic import BaseModel, ValidationError

EntryT = TypeVar("EntryT", bound=BaseModel)

ABANDONED_SECONDS = 14 * 86400.0
"""Age from which the remains of an interrupted building are no longer kept."""


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

    Yields a directory to build in, on the same file system as the cache. It is removed when the block ends well; after an error
    or a kill it stays, so that the next builder can go on with what is there.
    """
    workplace = cache_root() / "building" / name
    workplace.parent.mkdir(exist_ok=True)
    with _lock(workplace) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _remove_abandoned(workplace.parent)
        workplace.mkdir(exist_ok=True)
        os.utime(workplace)
        yield workplace
        shutil.rmtree(workplace, ignore_errors=True)


def _lock(workplace: Path) -> IO[str]:
    return workplace.with_suffix(".lock").open("w")


def _remove_abandoned(folder: Path) -> None:
    """Drop what builders that nobody went on with left behind."""
    for workplace in folder.iterdir():
        if not workplace.is_dir() or time.time() - workplace.stat().st_mtime < ABANDONED_SECONDS:
            continue
        with _lock(workplace) as lock, contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(workplace, ignore_errors=True)
