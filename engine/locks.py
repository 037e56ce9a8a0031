"""Locks that tell the living from the dead: the kernel drops them with the process, however it dies.

`run.lock` is a POSIX record lock that the trainer holds. Asking who holds it takes nothing and returns the holder's pid, which is
proof that this very process runs this very run. `procs.lock` is a shared flock held by every process of the run, children
included; while it is held, the device is not free.
"""

import errno
import fcntl
import os
import struct
import sys
from pathlib import Path

# struct flock: type, whence, start, length, pid; the order differs between the kernels.
_FLOCK = "hhqqi4x" if sys.platform.startswith("linux") else "qqihh"


def hold_run_lock(path: Path) -> int:
    """Take the trainer's lock for the life of this process. Returns the descriptor; raises `BlockingIOError` if it is held.

    POSIX locks belong to the process and go when *any* descriptor of the file is closed: open this file nowhere else.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if error.errno in (errno.EACCES, errno.EAGAIN):
            raise BlockingIOError(error.errno, "another process already trains this run", str(path)) from None
        raise
    return descriptor


def run_lock_holder(path: Path) -> int | None:
    """Pid of the process that holds the trainer's lock, or None. Never call it from the process that holds the lock."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if sys.platform.startswith("linux"):
            question = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
            kind, _, _, _, pid = struct.unpack(_FLOCK, fcntl.fcntl(descriptor, fcntl.F_GETLK, question))
        else:
            question = struct.pack(_FLOCK, 0, 0, 0, fcntl.F_WRLCK, os.SEEK_SET)
            _, _, pid, kind, _ = struct.unpack(_FLOCK, fcntl.fcntl(descriptor, fcntl.F_GETLK, question))
    finally:
        os.close(descriptor)
    return None if kind == fcntl.F_UNLCK else int(pid)


def share_procs_lock(path: Path) -> int:
    """Take a share of the lock of the run's processes. Children that inherit the descriptor keep the share alive.

    Raises `BlockingIOError` while somebody owns the lock alone.
    """
    return _flock(path, fcntl.LOCK_SH)


def own_procs_lock(path: Path) -> int:
    """Take the lock alone, which succeeds only while no process of the run lives. Raises `BlockingIOError` otherwise."""
    return _flock(path, fcntl.LOCK_EX)


def procs_alive(path: Path) -> bool:
    """Whether any process of the run lives."""
    if not path.exists():
        return False
    try:
        os.close(own_procs_lock(path))
    except BlockingIOError:
        return True
    return False


def _flock(path: Path, mode: int) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
