"""Runs as records alone in another lab book, without their directories: small enough to be kept with the code."""

from collections.abc import Sequence
from pathlib import Path

from moetui.core.errors import UsageError
from moetui.core.runs.detail import Detail
from moetui.core.runs.lab import Lab
from moetui.core.runs.recorded import alone
from moetui.core.workspace import Workspace


def write_records(runs: Sequence[Detail], runs_json: Path) -> None:
    """Add the runs to a runs.json, or bring them up to date there; what else is in it stays. A new one has the published results.

    Raises `UsageError` for a run that has not ended or that lives there with its directory, and `CatalogueError` if the file
    cannot be read or written.
    """
    if runs_json.name != "runs.json":
        raise UsageError(f"--to {runs_json}: records go into a runs.json")
    if not runs_json.parent.is_dir():
        raise UsageError(f"{runs_json.parent} is not there")
    book = Lab(Workspace(runs_json.parent))
    own = [found for found in runs if not found.record.published]
    for found in own:
        present = book.catalogue.get(found.record.id)
        if found.record.pending:
            raise UsageError(f"{found.record.id} {found.record.name} is {found.record.status}; nothing was exported")
        if present is not None and present.path:
            raise UsageError(
                f"{found.record.id} {found.record.name} is in {runs_json} with its directory; nothing was exported"
            )
    book.found_catalogue()
    book.catalogue.put(alone(found.record, found.config) for found in own)
