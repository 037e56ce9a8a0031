"""The documents of a .txt file, read line by line: the file may be larger than the memory."""

import io
import re
from collections.abc import Callable, Iterator
from typing import Final

from engine.data.compressed import opened
from engine.data.matching import TextFile
from engine.data.pieces import cut
from engine.errors import InputError
from engine.spec.config import SEPARATOR_PATTERN

LONGEST: Final = 1 << 24
"""Characters of a document at most: a longer one would be a file whose separator was not told."""

_MARKER = re.compile(r"<\S+>")
"""A token that no text holds by itself, such as <|endoftext|>: it also separates inside a line."""

Cut = Callable[[str], list[str]]
"""Cuts one line: what precedes the first separator, what follows it, …; one part where there is none."""


def plain_documents(file: TextFile, separator: str, longest: int) -> Iterator[str]:
    """Documents between separators (see `data.separator`); without one the file is one document.

    `longest` is the size in characters to which documents are going to be cut (0: they are not): one that outgrows the memory is
    cut here.
    Raises `InputError` for text that is not UTF-8, and for a document of more than `LONGEST` characters that nothing cuts.
    """
    parts_of = cut_of(separator)
    lines: list[str] = []
    size = 0
    for line in _lines(file):
        first, *others = parts_of(line)
        lines.append(first)
        size += len(first)
        for part in others:
            yield "".join(lines)
            lines, size = [part], len(part)
        if size > LONGEST:
            if not longest:
                raise InputError(
                    f"{file.path} has a document of more than {LONGEST:,} characters; separate its documents by lines of "
                    f"data.separator, now {separator!r}, or cut them with data.document_tokens"
                )
            *pieces, rest = cut("".join(lines), longest)
            yield from pieces
            lines, size = [rest], len(rest)
    yield "".join(lines)


def cut_of(separator: str) -> Cut:
    """How `data.separator` cuts a line."""
    if not separator:
        return lambda line: [line]
    if not separator.strip():  # blank lines
        return lambda line: [line] if line.strip() else ["", ""]
    if separator.startswith(SEPARATOR_PATTERN):
        pattern = re.compile(separator.removeprefix(SEPARATOR_PATTERN))
        return lambda line: _split(pattern, line)
    if _MARKER.fullmatch(separator):
        return lambda line: ["", ""] if line.strip() == separator else line.split(separator)
    return lambda line: ["", ""] if line.strip() == separator else [line]


def _split(pattern: re.Pattern[str], line: str) -> list[str]:
    """The parts between matches; `re.split` would put in what groups have caught."""
    parts, start = [], 0
    for found in pattern.finditer(line):
        parts.append(line[start : found.start()])
        start = found.end()
    return [*parts, line[start:]]


def _lines(file: TextFile) -> Iterator[str]:
    """The lines of a text, however they end, those longer than `LONGEST` in pieces; a byte order mark is left out."""
    with opened(file.path, file.compression) as raw, io.TextIOWrapper(raw, encoding="utf-8-sig") as text:
        try:
            while line := text.readline(LONGEST + 1):
                yield line
        except UnicodeDecodeError as error:
            raise InputError(f"{file.path} is not UTF-8 text: {error.reason} at byte {error.start}") from None
