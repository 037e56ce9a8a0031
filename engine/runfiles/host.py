"""Which machine this is, and since when it is up: together with a pid and its locks, the identity of a process."""

import functools
import socket
import subprocess
from pathlib import Path


def hostname() -> str:
    """Name of this machine."""
    return socket.gethostname()


@functools.cache
def boot_id() -> str:
    """A text that changes with every boot of this machine, so that a pid from before a reboot is never mistaken for a live one."""
    linux = Path("/proc/sys/kernel/random/boot_id")
    if linux.exists():
        return linux.read_text().strip()
    # macOS; an absolute path, so that nothing else on PATH answers.
    answer = subprocess.run(["/usr/sbin/sysctl", "-n", "kern.boottime"], capture_output=True, text=True, check=False)
    return answer.stdout.strip()
