"""What a format of files is: one entry with everything that this program knows of it."""

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from moetui.core.exchange.foreign import Choices, ForeignRun
from moetui.core.runs.detail import Detail

HEAD: Final = 1 << 16
"""Bytes of the beginning of a file by which its format is recognized."""

Reader = Callable[[Path, Choices], list[ForeignRun]]


class Look:
    """A file or directory before it is read: its name and the beginning of its text."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder = path.is_dir()

    @cached_property
    def raw(self) -> bytes:
        """The first bytes; none of a directory. Raises `OSError`."""
        if self.folder:
            return b""
        with self.path.open("rb") as file:
            return file.read(HEAD)

    @cached_property
    def text(self) -> str:
        """The first bytes as text."""
        return decoded(self.raw)

    @cached_property
    def columns(self) -> list[str]:
        """The cells of the first line of a table of text; none where the text is JSON."""
        first = self.text.lstrip().partition("\n")[0]
        if first.startswith(("{", "[")):
            return []
        try:
            return [
                cell.strip()
                for cell in next(csv.reader([first], delimiter=delimiter(first), skipinitialspace=True), [])
            ]
        except csv.Error:  # no table, but text with a quotation mark
            return []

    def has(self, pattern: str) -> bool:
        """Whether a regular expression matches at the head of one of the first lines."""
        return re.search(pattern, self.text, re.MULTILINE) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format of runs: how it is recognized, read and written.

    `about` is its help text. `recognize` says why a file is of this format, or nothing. `in_trees` are the names of files by
    which a directory is searched for it. `write` makes one file of all runs (`suffixes[0]` is then its own); `one_file` is its name
    in a directory, where each run has a file of its own without it. Formats that are written as directories have `write_folder`,
    which fills one for a run, called by `folder_name`; `own_files` are those that a new export takes the place of.
    `needs_curves` says whether a run without measurements has nothing to write.
    """

    name: str
    about: str
    suffixes: tuple[str, ...] = ()
    recognize: Callable[[Look], str] = lambda look: ""
    read: Reader | None = None
    in_trees: tuple[str, ...] = ()
    write: Callable[[Sequence[Detail]], bytes] | None = None
    one_file: str = ""
    write_folder: Callable[[Detail, Path], None] | None = None
    folder_name: Callable[[Detail], str] | None = None
    own_files: str = ""
    needs_curves: bool = True


def decoded(raw: bytes) -> str:
    """Text in UTF-8, or in UTF-16 if it begins so; what is neither becomes replacement characters."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    return raw.decode("utf-8-sig", "replace")


def delimiter(first: str) -> str:
    """The character that separates the cells of a table with this first line."""
    return max(",;\t", key=first.count)
