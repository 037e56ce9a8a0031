"""Locks that tell the living from the dead: the kernel drops them with the process, however it dies.

`run.lock` is a POSIX record lock that the trainer holds. Asking who holds it takes nothing and returns the holder's pid, which is
proof that this very process runs this very run. `procs.lock` is a shared lock of the open file description, held by every
process of the run, children included; while it is held, the device is not free. Who wants no process of the run to start takes it
alone for a moment. It too can be asked for without being taken, so that two who ask at once do not see each other (where the
system has no such lock, a flock stands in, which can only be tried).
"""

import errno
import fcntl
import os
import struct
import sys
import time
from pathlib import Path

# struct flock: type, whence, start, length, pid; the order differs between the kernels.
_LINUX = sys.platform.startswith("linux")
_FLOCK = "hhqqi4x" if _LINUX else "qqihh"
_OFD = hasattr(fcntl, "F_OFD_SETLK")

MOMENT = 2.0
"""Longest time, in seconds, that a process may hold procs.lock exclusively."""


def hold_run_lock(path: Path) -> int:
    """Take the trainer's lock for the life of this process. Returns the descriptor; raises `BlockingIOError` if it is held.

    POSIX locks belong to the process and go when *any* descriptor of the file is closed: open this file nowhere else.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if error.errno in (errno.EACCES, errno.EAGAIN):
            raise BlockingIOError(error.errno, "another process already trains this run", str(path)) from None
        raise
    return descriptor


def run_lock_holder(path: Path) -> int | None:
    """Pid of the process that holds the trainer's lock, or None. Never call it from the process that holds the lock.

    Raises `OSError` where that cannot be told: a lock that may not be opened may well be held.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        kind, pid = _conflict(descriptor, fcntl.F_GETLK)
    finally:
        os.close(descriptor)
    return None if kind == fcntl.F_UNLCK else pid


def share_procs_lock(path: Path) -> int:
    """Take a share of the lock of the run's processes. Children that inherit the descriptor keep the share alive.

    Raises `BlockingIOError` while somebody owns the lock alone.
    """
    return _lock_procs(path, alone=False)


def own_procs_lock(path: Path) -> int:
    """Take the lock alone, which succeeds only while no process of the run lives. Raises `BlockingIOError` otherwise.

    Others who own it alone have done with it in a moment, and are waited for.
    """
    deadline = time.monotonic() + MOMENT
    while True:
        try:
            return _lock_procs(path, alone=True)
        except BlockingIOError:
            if procs_alive(path) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def procs_alive(path: Path) -> bool:
    """Whether any process of the run lives; one that owns the lock alone is none. Raises `OSError` where that cannot be told."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        if _OFD:
            return _conflict(descriptor, fcntl.F_OFD_GETLK)[0] == fcntl.F_RDLCK
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)  # refused by one who owns it alone
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # refused by one who has a share
        except BlockingIOError:
            return True
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return False


def _lock_procs(path: Path, *, alone: bool) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        if _OFD:
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _whole_file(fcntl.F_WRLCK if alone else fcntl.F_RDLCK))
        else:
            fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if error.errno in (errno.EACCES, errno.EAGAIN):
            raise BlockingIOError(error.errno, "held by another process", str(path)) from None
        raise
    return descriptor


def _conflict(descriptor: int, question: int) -> tuple[int, int]:
    """Kind of the lock that keeps the whole file from being locked, and the pid of its holder; F_UNLCK if there is none."""
    answer = struct.unpack(_FLOCK, fcntl.fcntl(descriptor, question, _whole_file(fcntl.F_WRLCK)))
    return (answer[0], answer[4]) if _LINUX else (answer[3], answer[2])


def _whole_file(kind: int) -> bytes:
    if _LINUX:
        return struct.pack(_FLOCK, kind, os.SEEK_SET, 0, 0, 0)
    return struct.pack(_FLOCK, 0, 0, 0, kind, os.SEEK_SET)
