"""Writes down what went wrong inside the interface, where whoever mends it can read it, and nobody else."""

import os
import time
import traceback
from pathlib import Path

from engine.spec.harmless import harmless

MOST_BYTES = 1 << 20
"""Size from which on a log is put aside; one older one is kept."""

_written: set[str] = set()


def fault_log() -> Path:
    """The log of all interfaces of this user."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "moetui" / "tui.log"


def log_fault(error: BaseException, where: str) -> str:
    """Append the traceback to the log, once however often it comes, and return the sentence that says so."""
    said = f"{type(error).__name__}: {error}".splitlines()[0]
    text = harmless("".join(traceback.format_exception(error)))
    path = fault_log()
    if text not in _written:
        _written.add(text)
        try:
            _append(path, f"{time.strftime('%Y-%m-%d %H:%M:%S')} {where} (pid {os.getpid()})\n{text}\n")
        except OSError as unwritable:
            return f"{said} ({path}: {unwritable.strerror})"
    return f"{said} ({path} tells more)"


def _append(path: Path, entry: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > MOST_BYTES:
        path.replace(path.with_suffix(".log.1"))
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "ab", buffering=0) as file:
        file.write(entry.encode("utf-8", "replace"))
