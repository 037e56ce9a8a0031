"""Starts trainers and the dispatcher as processes that outlive their starter, the terminal and the connection."""

import contextlib
import errno
import fcntl
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO, Final

import psutil

from engine.runfiles.host import RANK_VARIABLES, TOKEN_VARIABLE, boot_id, hostname, machine_id
from engine.runfiles.jsonfile import DamagedFile, write_file
from engine.runfiles.locks import share_procs_lock
from engine.runfiles.rundir import Launch, RunDir
from engine.runfiles.temporary import sweep
from moetui.core.machine.devices import CPU, Device
from moetui.core.machine.processes import GONE, leader, token_of, trainer
from moetui.core.machine.retries import try_of_next_launch
from moetui.core.machine.starts import held_back
from moetui.core.workspace import Workspace

LOG_BYTES: Final = 2**20
"""Size from which on the log of dispatchers is begun anew: weeks of runs."""


def launch(run: RunDir, device: Device, workspace: Workspace, slots: int = 1) -> subprocess.Popen[bytes]:
    """Start the trainer on a device that is shared by so many: runs, or ranks of this one where the device is the CPU.

    The launch is written down before the process begins, so that whoever dies in between leaves no process that nobody knows.
    Raises `BlockingIOError` if a process of the run lives, if it is held, or if somebody cancels it at this moment, and `OSError`
    or `DamagedFile` if it cannot be started; no process was started then.
    """
    # The child inherits this share, so the run counts as alive from its first instant, before it can take locks itself.
    share = share_procs_lock(run.procs_lock)
    try:
        if held_back(run, run.wait()):
            raise BlockingIOError(errno.EAGAIN, "held back", str(run.path))
        sweep(run.path)
        former = None
        with contextlib.suppress(DamagedFile):
            former = run.launch()
        with open(run.log_file, "ab", opener=_no_link) as log:
            retry, at_once = try_of_next_launch(run)
            entry = Launch(
                parent=os.getpid(),
                started=time.time(),
                host=hostname(),
                boot_id=boot_id(),
                machine=machine_id(),
                device=device.id,
                token=secrets.token_hex(16),
                retry=retry,
                at_once=at_once,
            )
            write_file(run.launch_file, entry, durable=True)
            try:
                process = _start(run, device, workspace, slots, entry.token, log, share)
            except BaseException:
                _take_back(run, former)
                raise
        # From here on the process lives; who cannot write that down finds it by its token and its locks (see `confirm`).
        with contextlib.suppress(OSError):
            write_file(run.launch_file, entry.model_copy(update={"pid": process.pid}), durable=True)
        with contextlib.suppress(OSError, DamagedFile):
            if (request := run.request()) is not None and request.resume:
                run.request_file.unlink(missing_ok=True)
            if not run.retries():  # its turn and its place are those of the next try as well
                run.queue_file.unlink(missing_ok=True)
        return process
    finally:
        os.close(share)


def _start(
    run: RunDir, device: Device, workspace: Workspace, slots: int, token: str, log: BinaryIO, share: int
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "engine", str(run.path)],  # -P: a folder `engine` in the workspace is not ours
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        cwd=workspace.root,
        # A rank of another run may have started us; this one has ranks of its own.
        env={name: value for name, value in os.environ.items() if name not in RANK_VARIABLES}
        | device.environment(slots)
        | {TOKEN_VARIABLE: token},
        pass_fds=(share,),
    )


def _take_back(run: RunDir, former: Launch | None) -> None:
    """Undo the note of a launch that came to nothing. If that fails too, the note says by its missing pid that nothing began."""
    with contextlib.suppress(OSError):
        if former is None:
            run.launch_file.unlink(missing_ok=True)
        else:
            write_file(run.launch_file, former, durable=True)


def confirm(run: RunDir) -> Launch | None:
    """Write down which process a launch has come to, where its launcher died or was kept from it; None if there is nothing to add.

    A trainer without any launch.json is adopted: it is proved by its lock and its token. Raises `OSError` or `DamagedFile`.
    """
    known = run.launch()
    if known is not None and known.pid:
        return None
    process = trainer(run) or (leader(known) if known is not None else None)
    if process is None:
        return None
    token = token_of(process)
    if known is not None and token == known.token:
        found = known.model_copy(update={"pid": process.pid})
    else:
        found = Launch(
            pid=process.pid,
            started=process.create_time(),
            host=hostname(),
            boot_id=boot_id(),
            machine=machine_id(),
            device=_device_of(process),
            token=token or secrets.token_hex(16),
        )
    write_file(run.launch_file, found, durable=True)
    return found


def _device_of(process: psutil.Process) -> str:
    """The device that a trainer was given, from its environment."""
    try:
        return process.environ().get("CUDA_VISIBLE_DEVICES") or CPU
    except GONE:
        return CPU


def _no_link(path: str, flags: int) -> int:
    """Open a file, but not through a link, by which a workspace from elsewhere could lead to a file outside of it."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)


def record_exit(run: RunDir, process: subprocess.Popen[bytes]) -> None:
    """Note how the last process ended, which only its parent can know. Raises `OSError` or `DamagedFile`."""
    if (entry := run.launch()) is not None and entry.pid in (0, process.pid):
        fields = {"pid": process.pid, "exit_code": process.returncode}
        write_file(run.launch_file, entry.model_copy(update=fields), durable=True)


def _dispatcher_log(path: Path) -> BinaryIO:
    """The log that dispatchers write one after the other; of what is longer than `LOG_BYTES` one file before it is kept."""
    log = path.open("ab")
    if log.tell() < LOG_BYTES:
        return log
    log.close()
    path.replace(path.with_name(f"{path.name}.1"))
    return path.open("ab")


def start_dispatcher(workspace: Workspace) -> None:
    """Start a dispatcher for the workspace as a process of its own, unless one is on its way; one too many ends by itself.

    Every reader of a queue without a dispatcher comes here several times a second, and on a busy machine a dispatcher takes
    seconds to begin: without the lock that it inherits and holds until then, they would be started by the hundred.
    """
    with contextlib.suppress(OSError):  # what waits goes on waiting, and the next command tries again
        workspace.runs.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as opened:
            starting = opened.enter_context(workspace.dispatcher_starting_lock.open("ab"))
            try:
                fcntl.flock(starting, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return  # it has not looked at the queue yet, so it will see what we queued
            log = opened.enter_context(_dispatcher_log(workspace.dispatcher_log))
            subprocess.Popen(
                [sys.executable, "-P", "-m", "moetui.core.queue.dispatch", str(workspace.root), str(starting.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=workspace.root,
                # Whoever works in the shell of a run has its token; a dispatcher belongs to no run.
                env={name: value for name, value in os.environ.items() if name != TOKEN_VARIABLE},
                pass_fds=(starting.fileno(),),
            )
