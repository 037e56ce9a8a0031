"""Starts trainers and the dispatcher as processes that outlive their starter, the terminal and the connection."""

import errno
import fcntl
import os
import secrets
import subprocess
import sys
import time

from engine.runfiles.host import boot_id, hostname
from engine.runfiles.locks import share_procs_lock
from engine.runfiles.rundir import Launch, RunDir, write_file
from moetui.core.machine.devices import Device
from moetui.core.workspace import Workspace

TOKEN_VARIABLE = "MOETUI_RUN_TOKEN"  # noqa: S105  # a name, not a secret
"""Environment variable by which every process of a run is known as ours."""


def launch(run: RunDir, device: Device, workspace: Workspace, per_device: int = 1) -> subprocess.Popen[bytes]:
    """Start the trainer on a device that it shares with up to `per_device` - 1 others.

    Raises `BlockingIOError` if a process of the run lives, if it is held, or if somebody cancels it at this moment.
    """
    # The child inherits this share, so the run counts as alive from its first instant, before it can take locks itself.
    share = share_procs_lock(run.procs_lock)
    try:
        if (wait := run.wait()) is not None and wait.held:
            raise BlockingIOError(errno.EAGAIN, "held back", str(run.path))
        if (request := run.request()) is not None and request.resume:
            run.request_file.unlink()  # result.json stays until the trainer has what it needs to go on
        token = secrets.token_hex(16)
        with open(run.log_file, "ab", opener=_no_link) as log:
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-P",
                    "-m",
                    "engine",
                    str(run.path),
                ],  # -P: a folder `engine` in the workspace is not ours
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=workspace.root,
                env=os.environ | device.environment(per_device) | {TOKEN_VARIABLE: token},
                pass_fds=(share,),
            )
        entry = Launch(
            pid=process.pid,
            parent=os.getpid(),
            started=time.time(),
            host=hostname(),
            boot_id=boot_id(),
            device=device.id,
            token=token,
        )
        write_file(run.launch_file, entry)
        run.queue_file.unlink(missing_ok=True)
        return process
    finally:
        os.close(share)


def _no_link(path: str, flags: int) -> int:
    """Open a file, but not through a link, by which a workspace from elsewhere could lead to a file outside of it."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)


def record_exit(run: RunDir, exit_code: int) -> None:
    """Note how the last process ended, which only its parent can know."""
    if (entry := run.launch()) is not None:
        write_file(run.launch_file, entry.model_copy(update={"exit_code": exit_code}))


def start_dispatcher(workspace: Workspace) -> None:
    """Start a dispatcher for the workspace as a process of its own, unless one is on its way; one too many ends by itself.

    Every reader of a queue without a dispatcher comes here several times a second, and on a busy machine a dispatcher takes
    seconds to begin: without the lock that it inherits and holds until then, they would be started by the hundred.
    """
    workspace.runs.mkdir(parents=True, exist_ok=True)
    with workspace.dispatcher_starting_lock.open("ab") as starting, workspace.dispatcher_log.open("ab") as log:
        try:
            fcntl.flock(starting, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # it has not looked at the queue yet, so it will see what we queued
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
