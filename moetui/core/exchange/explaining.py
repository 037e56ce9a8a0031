"""What an import would make of files, before anything is written."""

from collections.abc import Iterator
from typing import Any

from moetui.core.exchange.foreign import ForeignRun
from moetui.core.exchange.reading import Found, Reading
from moetui.core.exchange.registry import FORMATS


def explained(reading: Reading) -> Iterator[str]:
    """The format of each file and why, its columns with their keys, and its runs with what is to be known of them."""
    for found in reading.found:
        yield f"{found.path}: {found.format.name}, as {found.why}"
        for theirs, ours in _columns(found).items():
            yield f"  {theirs} is {ours}" if theirs != ours else f"  {theirs}"
        for run in found.runs:
            yield f"  run {run.name}: {_extent(run)}"
            yield from (f"    {key} = {value}" for key, value in run.settings.items())
            yield from (f"    {note}" for note in run.notes)
    yield "nothing was imported"


def trees(reading: Reading) -> list[dict[str, Any]]:
    """The same for programs."""
    return [
        {
            "path": str(found.path),
            "format": found.format.name,
            "why": found.why,
            "columns": _columns(found),
            "runs": [
                {
                    "name": run.name,
                    "records": len(run.records),
                    "updates": [run.records[0]["update"], run.records[-1]["update"]],
                    "settings": dict(run.settings),
                    "notes": list(run.notes),
                }
                for run in found.runs
            ],
        }
        for found in reading.found
    ]


def format_lines() -> list[dict[str, str]]:
    """Name, whether it is read and written, and help text of every format."""
    return [
        {
            "name": entry.name,
            "does": " and ".join(
                word
                for word, able in (("read", entry.read), ("written", entry.write or entry.write_folder))
                if able is not None
            ),
            "about": entry.about,
        }
        for entry in FORMATS
    ]


def _columns(found: Found) -> dict[str, str]:
    return {theirs: ours for run in found.runs for theirs, ours in run.columns.items()}


def _extent(run: ForeignRun) -> str:
    updates = [record["update"] for record in run.records]
    return f"{len(updates)} records, updates {min(updates)} to {max(updates)}"
