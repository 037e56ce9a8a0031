"""The workspace that the commands of this process work on."""

import functools
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moetui.core.runs.lab import Lab

_chosen: list[Path | None] = [None]


def choose_workspace(path: Path | None) -> None:
    """Remember the `--workspace` option; the newest one given counts."""
    if path is not None:
        _chosen[0] = path


@functools.cache
def lab() -> "Lab":
    """The laboratory of the chosen workspace."""
    from moetui.core.runs.lab import Lab
    from moetui.core.workspace import find_workspace

    return Lab(find_workspace(_chosen[0]))
