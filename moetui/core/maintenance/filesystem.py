"""What the file system of a workspace is good for: whether other machines share it, whether it keeps locks, and its clock."""

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.runfiles.locks import procs_alive, share_procs_lock

SHARED: Final = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "glusterfs", "gpfs", "lustre", "nfs", "nfs4", "orangefs", "panfs", "pvfs2"}
    | {"smb3", "virtiofs"}
    | {f"fuse.{name}" for name in ("ceph", "ceph-fuse", "glusterfs", "juicefs", "s3fs", "sshfs")}
)
"""Kinds of file systems that several machines may have mounted at once, as Linux names them."""

_MOUNTS = Path("/proc/self/mountinfo")


@dataclass(frozen=True, slots=True)
class FileSystem:
    """A file system by its kind and where it is mounted."""

    kind: str
    mounted: str

    @property
    def shared(self) -> bool:
        """Whether other machines may see the same files."""
        return self.kind in SHARED


def file_system(path: Path, mounts: Path = _MOUNTS) -> FileSystem | None:
    """The file system that holds a path; None where the system does not tell."""
    try:
        lines = mounts.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return None
    found: FileSystem | None = None
    for line in lines:
        before, _, after = line.partition(" - ")
        mounted = _plain(before.split(" ")[4]) if before.count(" ") >= 4 else ""
        inside = mounted and path.resolve().is_relative_to(mounted)
        if inside and (found is None or len(mounted) >= len(found.mounted)):
            found = FileSystem(after.split(" ")[0], mounted)
    return found


def _plain(text: str) -> str:
    """A path of mountinfo without its octal escapes."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text


def lock_fault(folder: Path) -> str:
    """Why a lock in this folder does not tell that a process lives; "" if it does. Raises `OSError` if it cannot be written."""
    with _file(folder) as path:
        try:
            share = share_procs_lock(path)
        except OSError as error:
            return error.strerror or str(error)
        try:
            held = procs_alive(path)
        except OSError as error:
            return error.strerror or str(error)
        finally:
            os.close(share)
        return "" if held and not procs_alive(path) else "locks are granted, and nobody sees them"


def clock_ahead(folder: Path) -> float:
    """Seconds by which the clock of the file system is ahead of this machine's. Raises `OSError`."""
    with _file(folder) as path:
        before = time.time()
        os.utime(path)
        return ahead(path.stat().st_mtime, before, time.time())


def ahead(told: float, before: float, after: float) -> float:
    """By how much a clock is ahead that told a time between two moments of this machine's clock, as far as that is sure."""
    return told - after if told > after else min(told - before, 0.0)


@contextlib.contextmanager
def _file(folder: Path) -> Iterator[Path]:
    descriptor, name = tempfile.mkstemp(prefix=".moetui-", dir=folder)
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
