import errno
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.runfiles import locks
from engine.runfiles.locks import hold_run_lock, own_procs_lock, procs_alive, run_lock_holder, share_procs_lock

HOLD = """
import sys
from pathlib import Path
from engine.runfiles.locks import hold_run_lock, share_procs_lock
hold_run_lock(Path(sys.argv[1])); share_procs_lock(Path(sys.argv[2]))
print("held", flush=True); sys.stdin.read()
"""


@pytest.fixture
def paths(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "run.lock", tmp_path / "procs.lock"


@pytest.fixture
def holder(paths: tuple[Path, Path]) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLD, *map(str, paths)]
    root = Path(__file__).parents[3]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_holder_is_known_by_its_pid_until_it_is_killed(
    paths: tuple[Path, Path], holder: subprocess.Popen[str]
) -> None:
    run_lock, procs_lock = paths
    assert run_lock_holder(run_lock) == holder.pid
    assert procs_alive(procs_lock)
    with pytest.raises(BlockingIOError):
        hold_run_lock(run_lock)
    with pytest.raises(BlockingIOError):
        own_procs_lock(procs_lock)
    holder.kill()
    holder.wait(timeout=30)
    assert run_lock_holder(run_lock) is None
    assert not procs_alive(procs_lock)


def test_asking_takes_nothing(paths: tuple[Path, Path]) -> None:
    run_lock, procs_lock = paths
    assert run_lock_holder(run_lock) is None
    assert not procs_alive(procs_lock)
    assert not run_lock.exists()
    assert not procs_lock.exists()
    run_lock.touch()
    procs_lock.touch()
    assert run_lock_holder(run_lock) is None
    assert not procs_alive(procs_lock)
    os.close(own_procs_lock(procs_lock))
    os.close(hold_run_lock(run_lock))


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE])
def test_a_lock_that_cannot_be_asked_for_is_not_taken_for_free(
    paths: tuple[Path, Path], number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, flags: int, mode: int = 0o777) -> int:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(OSError, match=r"run\.lock"):
        run_lock_holder(paths[0])
    with pytest.raises(OSError, match=r"procs\.lock"):
        procs_alive(paths[1])


def test_a_child_that_inherits_the_share_keeps_it(paths: tuple[Path, Path]) -> None:
    _, procs_lock = paths
    share = share_procs_lock(procs_lock)
    child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[share])
    os.close(share)
    assert procs_alive(procs_lock)
    child.communicate(timeout=30)
    assert not procs_alive(procs_lock)


@pytest.mark.parametrize("ofd", [True, False])
def test_one_who_keeps_a_run_from_starting_is_no_process_of_it(
    paths: tuple[Path, Path], ofd: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, procs_lock = paths
    monkeypatch.setattr(locks, "_OFD", locks._OFD and ofd)
    alone = own_procs_lock(procs_lock)
    assert not procs_alive(procs_lock)
    with pytest.raises(BlockingIOError):
        share_procs_lock(procs_lock)
    os.close(alone)
    share = share_procs_lock(procs_lock)
    assert procs_alive(procs_lock)
    os.close(share)
    assert not procs_alive(procs_lock)


def test_two_who_keep_a_run_from_starting_wait_for_each_other(
    paths: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, procs_lock = paths
    alone = own_procs_lock(procs_lock)
    leaver = threading.Timer(0.2, os.close, [alone])
    leaver.start()
    os.close(own_procs_lock(procs_lock))
    leaver.join()
    stays = own_procs_lock(procs_lock)
    monkeypatch.setattr(locks, "MOMENT", 0.05)
    with pytest.raises(BlockingIOError):
        own_procs_lock(procs_lock)
    os.close(stays)
