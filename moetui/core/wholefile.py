"""Replacing a file as a whole: whoever reads it sees the old one or the new one, even after a power cut."""

import contextlib
import os
from pathlib import Path

from engine.runfiles.durable import sync_directory
from engine.runfiles.temporary import temporary_name


def replace_file(path: Path, raw: bytes) -> int:
    """Put `raw` in the place of `path`, wholly or not at all, and return an open descriptor of the new file.

    Mode and owner stay; a new file has the rights that the umask leaves. One caller at a time: what killed ones left is removed.
    Raises `OSError`.
    """
    for leftover in path.parent.glob(f".{path.name}.*.tmp"):
        leftover.unlink(missing_ok=True)
    # A name of its own: on a file system that ignores locks, a second writer then costs an update, not the file.
    temporary = temporary_name(path)
    descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        _keep_mode_and_owner(path, descriptor)
        rest = memoryview(raw)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
        temporary.replace(path)
    except BaseException:
        os.close(descriptor)
        temporary.unlink(missing_ok=True)
        raise
    # The new file is in its place already: where a directory cannot be synced, a power cut may bring the old one back.
    with contextlib.suppress(OSError):
        sync_directory(path.parent)
    return descriptor


def _keep_mode_and_owner(path: Path, descriptor: int) -> None:
    try:
        old = path.stat()
    except FileNotFoundError:
        return
    if not os.access(path, os.W_OK):  # the rename needs no leave of the file, but its owner has said no
        raise PermissionError(13, "Permission denied", str(path))
    if old.st_uid != os.geteuid():
        with contextlib.suppress(PermissionError):
            os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, old.st_mode & 0o777)
