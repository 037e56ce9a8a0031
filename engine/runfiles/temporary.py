"""Files that are written under a passing name before they take the place of another; those of killed writers are swept away.

A passing name tells which process of which boot writes it: `.state.json.4f1c02ab-7311-9d5e22aa.tmp`.
"""

import contextlib
import os
import re
import secrets
import time
from pathlib import Path

from engine.runfiles.host import boot_id

STALE = 3600.0
"""Seconds after which a passing file of another machine, whose processes cannot be asked for here, is taken for left behind."""

_NAME = re.compile(r"^\..+\.(?P<boot>[0-9a-z]{1,8})-(?P<pid>\d+)-[0-9a-f]{8}\.tmp$")
_FORMER_NAME = re.compile(r"^\..+\.(\d+-[0-9a-f]{8}|[a-z0-9_]{8})\.tmp$")
"""The names that earlier versions gave: with a pid alone, or with random letters."""


def temporary_name(path: Path) -> Path:
    """A name beside `path` that no other writer uses."""
    return path.with_name(f".{path.name}.{_boot()}-{os.getpid()}-{secrets.token_hex(4)}.tmp")


def sweep(folder: Path) -> list[Path]:
    """Remove the passing files in a folder whose writers are gone; returns them. What cannot be removed is left."""
    swept = []
    with contextlib.suppress(OSError):
        for path in [Path(entry.path) for entry in os.scandir(folder) if entry.name.endswith(".tmp")]:
            with contextlib.suppress(OSError):
                if _left_behind(path):
                    path.unlink()
                    swept.append(path)
    return swept


def _left_behind(path: Path) -> bool:
    found = _NAME.match(path.name)
    if path.is_dir() or not (found or _FORMER_NAME.match(path.name)):
        return False
    if found and found["boot"] == _boot():
        return not _lives(int(found["pid"]))
    return time.time() - path.stat().st_mtime > STALE


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _boot() -> str:
    return re.sub("[^0-9a-z]", "", boot_id().lower())[:8] or "0"
