"""Where the laboratory keeps its things: one directory with runs.json, runs/ and presets/."""

import os
from dataclasses import dataclass
from pathlib import Path

from moetui.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Workspace:
    """The paths of one workspace; nothing in it need exist yet."""

    root: Path

    @property
    def runs_json(self) -> Path:
        """The catalogue."""
        return self.root / "runs.json"

    @property
    def runs(self) -> Path:
        """The run directories."""
        return self.root / "runs"

    @property
    def trash(self) -> Path:
        """Deleted run directories, until they are restored."""
        return self.runs / ".trash"

    @property
    def journal(self) -> Path:
        """Changes of several files that are going on, or were cut off."""
        return self.runs / ".journal"

    def published_labels(self, record_id: str) -> Path:
        """What people say of a published result, which has no directory of its own."""
        return self.published / f"{record_id}.json"

    @property
    def published(self) -> Path:
        """What people say of published results."""
        return self.runs / ".published"

    @property
    def presets(self) -> Path:
        """The user's own presets."""
        return self.root / "presets"

    @property
    def dispatcher_lock(self) -> Path:
        """Held by the one dispatcher of this workspace."""
        return self.runs / "dispatcher.lock"

    @property
    def dispatcher_starting_lock(self) -> Path:
        """Held by a dispatcher that has been started and does not work yet."""
        return self.runs / "dispatcher.starting.lock"

    @property
    def dispatcher_log(self) -> Path:
        """What the dispatchers did."""
        return self.runs / "dispatcher.log"

    @property
    def alerts_log(self) -> Path:
        """Where the user's command could not be told of something."""
        return self.runs / "alerts.log"

    def run_dir(self, path: str) -> Path:
        """The directory of a run from its record's `path`."""
        return self.root / path


def find_workspace(option: Path | None = None) -> Workspace:
    """The workspace named on the command line, by MOETUI_WORKSPACE, or else the current directory."""
    named = option or (Path(value) if (value := os.environ.get("MOETUI_WORKSPACE")) else None)
    root = (named or Path.cwd()).expanduser().absolute()
    if not root.is_dir():
        raise UsageError(f"workspace {root} is not a directory; create it or name another with --workspace")
    return Workspace(root)
