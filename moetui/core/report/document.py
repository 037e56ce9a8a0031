"""A document as blocks of plain text; what prints it escapes that text, so nobody's run name is ever markup."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of a section."""

    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Sentences."""

    text: str


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns with headers; those in `right` hold numbers."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Picture:
    """An image file beside the document, and what is to be seen in it."""

    file: str
    title: str
    caption: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command line to copy."""

    text: str


Block = Heading | Paragraph | Bullets | Table | Picture | Command


@dataclass(frozen=True, slots=True)
class Document:
    """A title and what follows it."""

    title: str
    blocks: tuple[Block, ...]


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> Table:
    """A table without the columns in which nothing stands."""
    filled = [index for index in range(len(headers)) if any(row[index] for row in rows)]
    return Table(
        tuple(headers[index] for index in filled),
        tuple(tuple(row[index] for index in filled) for row in rows),
        frozenset(right),
    )
