"""What the Compare screen remembers of a workspace between sessions: which view, and how much of it; the terms begin anew."""

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from moetui.core.user_state import workspace_state_file
from moetui.core.wholefile import replace_file
from moetui.tui.compare.views import Shown, View
from moetui.tui.compare.words import COSTS

FILE = "compare.json"


class Layout(BaseModel):
    """`cost` is the place in `COSTS` of what the Pareto view weighs against; `close`: only what is near the best is drawn."""

    model_config = ConfigDict(frozen=True)

    view: View = "response"
    shown: Shown = "both"
    cost: int = Field(default=0, ge=0, lt=len(COSTS))
    close: bool = False


def remembered_layout(root: Path) -> Layout:
    """The layout of the last session; the usual one where nothing is kept or what is kept makes no sense."""
    try:
        return Layout.model_validate_json(workspace_state_file(root, FILE).read_bytes())
    except (OSError, ValidationError):
        return Layout()


def remember_layout(root: Path, layout: Layout) -> None:
    """Keep a layout for the next session. Raises `OSError`."""
    path = workspace_state_file(root, FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(replace_file(path, layout.model_dump_json(indent=1).encode()))
