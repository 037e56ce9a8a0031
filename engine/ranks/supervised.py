"""A rank and the supervisor that has started it: how the rank knows it, and how it does not outlive it."""

import ctypes
import os
import signal
import sys

from engine.errors import InputError

SUPERVISOR_VARIABLE = "MOETUI_SUPERVISOR"
"""Environment variable with the pid of the supervisor. One that is inherited from further up names no parent, and means nothing."""

_PR_SET_PDEATHSIG = 1  # prctl(2)


def is_supervised() -> bool:
    """Whether the parent of this process is the supervisor of its run."""
    return os.environ.get(SUPERVISOR_VARIABLE) == str(os.getppid())


def end_with_supervisor() -> None:
    """Let the kernel kill this process when its supervisor ends, however that ends."""
    supervisor = os.getppid()
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "prctl")
    if os.getppid() != supervisor:  # it ended before the kernel was asked
        os._exit(1)


def check_system() -> None:
    """Raise `InputError` where ranks could outlive their supervisor."""
    if not sys.platform.startswith("linux"):
        raise InputError("several devices need Linux; set the devices of this run to 1: `moetui resume --devices 1`")
