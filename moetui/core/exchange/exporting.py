"""Writing runs in the formats of others."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from moetui.core.errors import LabError, UsageError
from moetui.core.exchange import metrics_json
from moetui.core.exchange.format import Format
from moetui.core.exchange.lab_book import write_records
from moetui.core.exchange.registry import FORMATS
from moetui.core.runs.detail import Detail
from moetui.core.wholefile import replace_file

WRITERS: Final[Mapping[str, Format]] = {entry.name: entry for entry in FORMATS if entry.write or entry.write_folder}
"""The formats that runs can be written in."""

RECORDS: Final = "records"
"""The further one that adds to another lab book, and so is no file of its own."""

KINDS: Final = (*WRITERS, RECORDS)

_ENDINGS: Final = {".csv": "csv", ".jsonl": "jsonl", ".parquet": "parquet", ".md": "model-card"}
"""Formats that the ending of a name tells; `.json` and `.db` may be any of two."""


def format_of(path: Path) -> str | None:
    """The format that the ending of a file's name tells; None where it tells none."""
    return _ENDINGS.get(path.suffix.lower())


def format_for(path: Path) -> str:
    """The format for a path of which nothing else is said: that of its ending, or CSV for a directory.

    Raises `UsageError` for an ending that tells none.
    """
    if path.suffix and not path.is_dir() and format_of(path) is None:
        raise UsageError(
            f"--to {path}: the ending {path.suffix} does not tell the format; --format takes {', '.join(KINDS)}"
        )
    return format_of(path) or "csv"


def export(runs: Sequence[Detail], to: Path, kind: str, *, force: bool = False) -> list[Path]:
    """Write runs and return the files (of TensorBoard and W&B, the directories) written.

    A `to` with the suffix of the format is one file for all runs. Any other is a directory: with the one file of a format that
    keeps runs together, else with one file, or one directory, for each; records join the `runs.json` that `to` is. Raises
    `UsageError` if a run has no curves, if a target exists (unless `force`), or if one file cannot hold the runs.
    """
    if kind == RECORDS:
        write_records(runs, to)
        return [to]
    if WRITERS[kind].needs_curves:
        for found in runs:
            if not found.records:
                raise UsageError(f"{found.record.id} {found.record.name} has no measurements; nothing was exported")
    targets = _targets(runs, to, kind)
    if not force:
        for target in targets:
            if target.is_file() or (target.is_dir() and any(target.iterdir())):
                raise UsageError(f"{target} is there already; --force replaces it")
    try:
        for target, group in targets.items():
            _write(target, group, kind)
    except OSError as error:
        raise LabError(f"{error.filename or to}: {error.strerror or error}") from None
    return list(targets)


def _targets(runs: Sequence[Detail], to: Path, kind: str) -> dict[Path, Sequence[Detail]]:
    entry = WRITERS[kind]
    if entry.write_folder is not None:
        if to.is_file():
            raise UsageError(f"{to} is a file; {kind} needs a directory")
        return {to / (entry.folder_name or _slug)(found): [found] for found in runs}
    suffix = entry.suffixes[0]
    if to.suffix.lower() == suffix:
        if kind == "metrics-json" and len(runs) > 1:
            raise UsageError(f"{to}: metrics.json holds one run, and {len(runs)} are to be exported; name a directory")
        return {to: runs}
    if entry.one_file:
        return {to / entry.one_file: runs}
    if kind == "metrics-json":
        return {to / _slug(found) / metrics_json.NAME: [found] for found in runs}
    return {to / f"{_slug(found)}{suffix}": [found] for found in runs}


def _write(target: Path, runs: Sequence[Detail], kind: str) -> None:
    entry = WRITERS[kind]
    if entry.write is not None:
        raw = entry.write(runs)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.close(replace_file(target, raw))
        return
    assert entry.write_folder is not None, "a format that is written has a writer"
    (found,) = runs
    fresh = target.with_name(f".{target.name}.tmp")
    shutil.rmtree(fresh, ignore_errors=True)
    entry.write_folder(found, fresh)
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob(entry.own_files):  # a log with two event files would show both runs as one
        old.unlink()
    for path in fresh.iterdir():
        path.replace(target / path.name)
    fresh.rmdir()


def _slug(found: Detail) -> str:
    """A file name that tells the run and is no path: the name as far as it is harmless, and the id, which is unique."""
    name = "".join(letter if letter.isalnum() or letter in "=+-_." else "_" for letter in found.record.name)
    return f"{name.lstrip('.')[:100]}-{found.record.id}"
