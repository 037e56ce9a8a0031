"""Where moetui keeps what it remembers of one user between sessions: of all workspaces, and of each one."""

import hashlib
import os
import re
from pathlib import Path


def state_file(name: str) -> Path:
    """`$XDG_STATE_HOME/moetui/NAME`, by default in `~/.local/state`; it need not exist."""
    base = os.environ.get("XDG_STATE_HOME", "")
    # The XDG specification has relative paths ignored.
    folder = Path(base) if Path(base).is_absolute() else Path.home() / ".local" / "state"
    return folder / "moetui" / name


def workspace_state_file(root: Path, name: str) -> Path:
    """The file for one workspace, which its folder's name and a digest of its path tell from the others; it need not exist."""
    path = root.resolve()
    readable = re.sub(r"[^A-Za-z0-9._-]", "_", path.name)[:40]
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
    return state_file(f"workspaces/{readable}-{digest}") / name
