"""Errors for people: one line each, with the exit code that the command line gives for it."""

from pathlib import Path

from engine.spec.harmless import one_line


class LabError(Exception):
    """An operation that could not be done; the message is one line, whatever names and values stand in it."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class UsageError(LabError):
    """Bad input: a wrong key, value, name or file."""

    exit_code = 2


class NotFoundError(LabError):
    """Something that was asked for by name and is not there."""

    exit_code = 3


class CatalogueError(LabError):
    """runs.json cannot be read or written; it is left as it is."""


class DamagedCatalogueError(CatalogueError):
    """runs.json is not the catalogue that it should be; `fault` says where and why."""

    def __init__(self, path: Path, fault: str) -> None:
        self.fault = fault
        super().__init__(f"{path}: {fault}; `moetui reindex` rebuilds it")


class NewerCatalogueError(CatalogueError):
    """runs.json was written by a newer version, whose records this one could not keep."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(f"{path}: written by a newer moetui ({fault}); use that version, nothing was changed")
