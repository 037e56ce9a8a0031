"""Where moetui keeps what it remembers of one user between sessions, beside all workspaces."""

import os
from pathlib import Path


def state_file(name: str) -> Path:
    """`$XDG_STATE_HOME/moetui/NAME`, by default in `~/.local/state`; it need not exist."""
    base = os.environ.get("XDG_STATE_HOME", "")
    # The XDG specification has relative paths ignored.
    folder = Path(base) if Path(base).is_absolute() else Path.home() / ".local" / "state"
    return folder / "moetui" / name
