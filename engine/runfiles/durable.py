"""What it takes for a name to survive a power loss."""

import os
from pathlib import Path


def sync_directory(path: Path) -> None:
    """Let the names in a directory survive a power loss. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
