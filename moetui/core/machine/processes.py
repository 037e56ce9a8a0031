"""The processes of this machine that carry the token of a run, which is how every process of a run is known as ours."""

import contextlib
import os
import time
from collections.abc import Iterator

import psutil

from engine.runfiles.host import TOKEN_VARIABLE
from engine.runfiles.jsonfile import DamagedFile
from engine.runfiles.locks import run_lock_holder
from engine.runfiles.rundir import Launch, RunDir
from moetui.core.machine.whereabouts import whereabouts

GONE = (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess, OSError)
"""What asking a process raises that has ended, or that belongs to somebody else."""


YOUNG = 5.0
"""Seconds for which a process may still become another program, with another environment."""


class Census:
    """Looks through the processes again and again; the environment of each is read once, as it stays what it is."""

    def __init__(self) -> None:
        self._tokens: dict[psutil.Process, str] = {}

    def take(self) -> dict[psutil.Process, str]:
        """The processes with a token, and it. The same process is the same object from one time to the next."""
        known, self._tokens = self._tokens, {}
        carrying = {}
        for process in psutil.process_iter():
            token = known[process] if process in known else token_of(process)
            if token:
                carrying[process] = token
            if token or age(process) > YOUNG:
                self._tokens[process] = token
        return carrying


def carriers(token: str) -> Iterator[psutil.Process]:
    """The live processes that carry this token."""
    return (process for process in psutil.process_iter() if token_of(process) == token)


def of_run(run: RunDir) -> Iterator[psutil.Process]:
    """The live processes of a run on this machine: those with the token of its last launch or of its trainer, and the trainer.

    Raises `OSError` where the lock of the trainer cannot be asked for.
    """
    proved = trainer(run)
    tokens = {token_of(proved)} if proved is not None else set()
    with contextlib.suppress(DamagedFile, OSError):
        if (launch := run.launch()) is not None and whereabouts(launch, launch.started) == "here":
            tokens.add(launch.token)
    tokens.discard("")
    if proved is not None:
        yield proved
    if tokens:
        yield from (process for process in psutil.process_iter() if process != proved and token_of(process) in tokens)


def trainer(run: RunDir) -> psutil.Process | None:
    """The process that trains a run, proved by the lock that it holds and by its token or its command line; None if there is none.

    A lock may be held on another machine, where its pid means another process. Raises `OSError` where the lock cannot be asked for.
    """
    pid = run_lock_holder(run.run_lock)
    if pid is None or pid <= 0:
        return None
    try:
        process = psutil.Process(pid)
        proved = bool(token_of(process)) or str(run.path) in process.cmdline()
    except GONE:
        return None
    return process if proved else None


def with_children(pid: int) -> set[int]:
    """The numbers of a process and of those that it has started, such as the ranks of a run; its own alone if it has ended."""
    with contextlib.suppress(*GONE):
        return {pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))} if pid > 0 else {pid}
    return {pid}


def leader(launch: Launch) -> psutil.Process | None:
    """The process that was started for a launch, if it lives: it leads a session of its own and carries the token."""
    if launch.pid:
        with contextlib.suppress(*GONE):
            process = psutil.Process(launch.pid)
            if process.status() != psutil.STATUS_ZOMBIE and token_of(process) == launch.token:
                return process
        return None
    for process in carriers(launch.token):
        with contextlib.suppress(*GONE, ProcessLookupError):
            if os.getsid(process.pid) == process.pid and process.status() != psutil.STATUS_ZOMBIE:
                return process
    return None


def age(process: psutil.Process) -> float:
    """Seconds since the process began; none if it has ended."""
    try:
        return time.time() - process.create_time()
    except GONE:
        return 0.0


def token_of(process: psutil.Process) -> str:
    """The token that a process was given; empty if it has none or is not ours to ask."""
    try:
        return process.environ().get(TOKEN_VARIABLE, "")
    except GONE:
        return ""
