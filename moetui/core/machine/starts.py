"""Whether a run was started: a launch is written down before its process begins, and so may have come to nothing."""

from engine.runfiles.rundir import Launch, Request, RunDir, State


def begun(launch: Launch | None, state: State | None) -> bool:
    """Whether the process of a launch ever lived, as its launcher or the process itself has told."""
    if launch is None:
        return False
    if launch.pid or launch.exit_code is not None:
        return True
    if state is None:
        return False
    return state.token == launch.token if state.token else state.heartbeat >= launch.started


def asked_to_go_on(request: Request | None, launch: Launch | None, state: State | None) -> bool:
    """Whether a run that had ended was asked to go on, and no launch has answered that yet."""
    if request is None or not request.resume:
        return False
    return request.token is None or not begun(launch, state) or (launch is not None and launch.token == request.token)


def waits(run: RunDir) -> bool:
    """Whether a run without a live process waits to start or to go on. Raises `OSError` or `DamagedFile`."""
    launch, state, result = run.launch(), run.state(), run.result()
    never_started = not begun(launch, state) and state is None and result is None
    return asked_to_go_on(run.request(), launch, state) or never_started
