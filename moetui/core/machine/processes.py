"""The processes of this machine that carry the token of a run, which is how every process of a run is known as ours."""

import time
from collections.abc import Iterator

import psutil

from moetui.core.machine.launcher import TOKEN_VARIABLE

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
