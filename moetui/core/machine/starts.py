"""Whether a run was started: a launch is written down before its process begins, and so may have come to nothing."""

import contextlib

from engine.runfiles.jsonfile import DamagedFile, write_file
from engine.runfiles.rundir import Launch, Request, Result, RunDir, State, Wait


def begun(launch: Launch | None, state: State | None) -> bool:
    """Whether the process of a launch ever lived, as its launcher or the process itself has told."""
    if launch is None:
        return False
    if launch.pid or launch.exit_code is not None:
        return True
    if state is None:
        return False
    return belong_together(launch, state)


def asked_to_go_on(request: Request | None, launch: Launch | None, state: State | None) -> bool:
    """Whether a run that had ended was asked to go on, and no launch has answered that yet."""
    if request is None or not request.resume:
        return False
    return request.token is None or not begun(launch, state) or (launch is not None and launch.token == request.token)


def belong_together(launch: Launch, state: State) -> bool:
    """Whether a trainer's word is that of the process of this launch."""
    return state.token == launch.token if state.token else state.heartbeat >= launch.started


def ends(result: Result, launch: Launch) -> bool:
    """Whether a result is that of this launch, and not left from the one before by a trainer that died at once."""
    return result.token == launch.token if result.token else result.ended >= launch.started


def asked_to_pause(request: Request | None, launch: Launch | None) -> bool:
    """Whether the process of the last launch was asked to pause, and not to stop after that."""
    if request is None or launch is None:
        return False
    return request.pause and request.token == launch.token and not launch.taken_over


def stays_stopped(run: RunDir) -> bool:
    """Whether a run that a scheduler starts, perhaps once more, has nothing to do: it is done, or was told to stop.

    Raises `OSError` or `DamagedFile`.
    """
    request, launch, state, result = run.request(), run.launch(), run.state(), run.result()
    if asked_to_go_on(request, launch, state):
        return False
    if result is not None and (result.status in ("finished", "diverged") or not begun(launch, state)):
        return True
    return request is not None and request.stop and (launch is None or request.token in (None, launch.token))


def let_wait(run: RunDir, *, held: bool | None = None, durable: bool = True) -> None:
    """Write into queue.json that a run waits in this place, held back or not; None leaves that as it was. Raises `OSError`.

    It survives a power loss, unless `durable` leaves that to the caller.
    """
    wait = None
    with contextlib.suppress(DamagedFile):
        wait = run.wait()
    changes = {"place": run.path.stat().st_ino} | ({} if held is None else {"held": held})
    write_file(run.queue_file, (wait or Wait()).model_copy(update=changes), durable=durable)


def held_back(run: RunDir, wait: Wait | None) -> str:
    """Why a run that waits does not start until it is released; "" if it does.

    A directory that was copied, or came with a repository, starts nothing by itself.
    """
    if wait is not None and wait.held:
        return "held back until it is released"
    if wait is None or wait.place != run.path.stat().st_ino:
        return (
            f"it was not queued here but came with its directory; `moetui queue release {run.path.name}` lets it start"
        )
    return ""
