"""On which machine the process of a run is, told by what it wrote: locks and pids mean something on its own machine only."""

import functools
from typing import Final, Literal, Protocol

import psutil

from engine.runfiles.host import boot_id, hostname, machine_id

LOST_SECONDS: Final = 600.0
"""A process of another machine, whose locks do not reach here, counts as lost after so long a silence."""


class Process(Protocol):
    """What launch.json and state.json tell of a process."""

    @property
    def host(self) -> str:
        """Name of its machine."""

    @property
    def boot_id(self) -> str:
        """The boot of its machine."""

    @property
    def machine(self) -> str:
        """The identity of its machine, "" if that is not known."""


def whereabouts(process: Process, heard: float) -> Literal["here", "before the restart", "elsewhere"]:
    """Where a process is, or was, that was last heard of at `heard` (seconds since the epoch).

    One boot is one machine, whatever its name. Another boot is an earlier one of this machine only if the machine is the same and
    the process was not heard of since: images of containers and virtual machines give several machines one identity.
    """
    if process.boot_id == boot_id():
        return "here"
    known = bool(process.machine and machine_id())
    same = process.machine == machine_id() if known else process.host == hostname()
    return "before the restart" if same and heard < _booted() else "elsewhere"


@functools.cache
def _booted() -> float:
    """When this machine started, in seconds since the epoch."""
    return psutil.boot_time()
