"""The workspace that the commands of this process work on."""

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from moetui.cli.output import complain

if TYPE_CHECKING:
    from moetui.core.runs.lab import Lab

_chosen: list[Path | None] = [None]


def choose_workspace(path: Path | None) -> None:
    """Remember the `--workspace` option; the newest one given counts."""
    if path is not None:
        _chosen[0] = path


def tell_faults(most: int = 3) -> None:
    """Name what the commands of this process have passed over in the catalogue and among the presets, if they have read any."""
    faults = (*lab().catalogue.faults(), *lab().preset_faults) if lab.cache_info().currsize else ()
    for fault in faults[:most]:
        complain(fault, code=1)
    if len(faults) > most:
        complain(f"and {len(faults) - most} more; `moetui doctor` names them all", code=1)


@functools.cache
def lab() -> "Lab":
    """The laboratory of the chosen workspace."""
    from moetui.core.runs.lab import Lab
    from moetui.core.workspace import find_workspace

    return Lab(find_workspace(_chosen[0]))
