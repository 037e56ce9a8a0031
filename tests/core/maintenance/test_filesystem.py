"""What is told of the file system of a workspace."""

import errno
import os
from pathlib import Path

import pytest

from moetui.core.maintenance import doctor, filesystem
from moetui.core.maintenance.doctor import Check
from moetui.core.maintenance.filesystem import FileSystem, ahead, clock_ahead, file_system, lock_fault
from moetui.core.workspace import Workspace

MOUNTS = """\
22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
40 22 0:35 / /home rw - nfs4 server:/home rw,vers=4.2
41 40 0:36 / /home/my\\040data rw - fuse.sshfs box:/data rw
42 22 8:2 / /home/local rw shared:1 - xfs /dev/sdb rw
43 22 0:37 / /home rw - lustre a@tcp:/fs rw
"""


@pytest.mark.parametrize(
    ("path", "kind", "shared"),
    [
        ("/etc", "ext4", False),
        ("/home/me/moe", "lustre", True),  # mounted over the other
        ("/home/my data/x", "fuse.sshfs", True),
        ("/home/local/x", "xfs", False),
        ("/homes", "ext4", False),
    ],
)
def test_the_file_system_of_a_path_is_that_mounted_nearest(tmp_path: Path, path: str, kind: str, shared: bool) -> None:
    (tmp_path / "mounts").write_text(MOUNTS)
    found = file_system(Path(path), tmp_path / "mounts")
    assert found is not None
    assert (found.kind, found.shared) == (kind, shared)
    assert file_system(Path(path), tmp_path / "none") is None


def test_here_locks_and_clock_can_be_relied_on_and_nothing_is_left(tmp_path: Path) -> None:
    assert lock_fault(tmp_path) == ""
    assert abs(clock_ahead(tmp_path)) < 2
    assert not list(tmp_path.iterdir())


def test_a_file_system_without_locks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> int:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(filesystem, "share_procs_lock", refuse)
    (found,) = [one for one in doctor._file_system(Workspace(tmp_path)) if one.name == "locks"]
    assert found.state == "error"
    assert "No locks available" in found.message
    monkeypatch.undo()
    monkeypatch.setattr(filesystem, "procs_alive", lambda path: False)
    assert lock_fault(tmp_path) == "locks are granted, and nobody sees them"


def test_a_shared_file_system_with_another_clock_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "file_system", lambda path: FileSystem("nfs4", "/home"))
    monkeypatch.setattr(doctor, "clock_ahead", lambda path: -95.0)
    files, clock = doctor._file_system(Workspace(tmp_path))
    assert files.message.startswith(
        "nfs4 at /home, which other machines may share; a run of another machine is judged by"
    )
    assert clock == Check(
        "clock",
        "note",
        "the clock of the file system is 95 s behind this machine's; heartbeats look as much older, set both by NTP",
    )


@pytest.mark.parametrize(
    ("told", "difference"), [(99.0, -1.0), (100.0, 0.0), (103.0, 0.0), (105.0, 0.0), (165.0, 60.0)]
)
def test_a_clock_is_ahead_as_far_as_that_is_sure(told: float, difference: float) -> None:
    assert ahead(told, before=100.0, after=105.0) == difference
