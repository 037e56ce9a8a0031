"""Which machine this is, and since when it is up: together with a pid and its locks, the identity of a process.

A host name is no identity: containers and leases change it, and a copied workspace carries it along.
"""

import functools
import os
import socket
import subprocess
import time
from pathlib import Path

TOKEN_VARIABLE = "MOETUI_RUN_TOKEN"  # noqa: S105  # a name, not a secret
"""Environment variable by which every process of a run is known as ours."""

RANK_VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
"""Environment variables that tell a process its place among the ranks of a run, by the names that torch.distributed gives them."""


def hostname() -> str:
    """Name of this machine."""
    return socket.gethostname()


def run_token() -> str:
    """The token of the launch that this process belongs to; "" if nobody launched it."""
    return os.environ.get(TOKEN_VARIABLE, "")


@functools.cache
def machine_id() -> str:
    """A text that stays with this machine when it is renamed or restarted; "" where the system keeps none."""
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        try:
            if text := Path(path).read_text(errors="replace").strip()[:64]:
                return text
        except OSError:
            continue
    return ""


@functools.cache
def boot_id() -> str:
    """A text that changes with every boot of this machine, so that a pid from before a reboot is never mistaken for a live one."""
    linux = Path("/proc/sys/kernel/random/boot_id")
    if linux.exists():
        return linux.read_text().strip()
    # macOS; an absolute path, so that nothing else on PATH answers.
    answer = subprocess.run(["/usr/sbin/sysctl", "-n", "kern.boottime"], capture_output=True, text=True, check=False)
    return answer.stdout.strip()


def uptime() -> float:
    """Seconds on a clock that nobody sets, the same for all processes of one boot."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)
