"""How much memory of the machine is free for one more process."""

from pathlib import Path

import psutil

_GROUP = Path("/sys/fs/cgroup")


def free_memory(group: Path = _GROUP) -> int:
    """Bytes that this machine, or the container that this process is in, can give without swapping."""
    available = int(psutil.virtual_memory().available)
    try:
        limit, used = (group / "memory.max").read_text().strip(), int((group / "memory.current").read_text())
        # What files keep in memory is given back when somebody needs it.
        counts = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return available if limit == "max" else min(available, int(limit) - used + int(counts.get("inactive_file", 0)))
    except (OSError, ValueError):
        return available
