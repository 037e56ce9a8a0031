"""What files and names need to survive a power loss; a disk makes many safe in the time of a few, if asked for together."""

import contextlib
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

AT_ONCE = 32
"""Files that are synced at a time; the journal of a file system writes what waits for it together."""

FEW = 8
"""Up to so many are synced one after the other."""


def sync_directory(path: Path) -> None:
    """Let the names in a directory survive a power loss. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_files(files: Sequence[Path], folders: Iterable[Path]) -> None:
    """Let files that were written survive a power loss, and then their names in these directories.

    Raises `OSError` for a file; a directory that cannot be synced is left, as `write_file` does.
    """
    _each(_sync_file, files)
    _each(_sync_names, list(folders))


def _each(act: Callable[[Path], None], paths: Sequence[Path]) -> None:
    if len(paths) <= FEW:
        for path in paths:
            act(path)
        return
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:  # which ends when all have ended, also if one fails
        for _ in pool.map(act, paths):
            pass


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_names(folder: Path) -> None:
    with contextlib.suppress(OSError):
        sync_directory(folder)
