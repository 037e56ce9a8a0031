"""What the commands print: results on stdout, everything else on stderr."""

import functools
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer

if TYPE_CHECKING:
    from rich.table import Table

GAP = 2
"""Cells between two columns of a table."""
LEAST, FEW_WORDS = 6, 12
"""Cells that a text keeps in any case, and down to which it is cut before the names are."""

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def complain(message: str, *, hint: str = "", code: int) -> int:
    """One line on stderr for a person; returns the exit code."""
    from engine.spec.harmless import one_line

    print(f"moetui: {one_line(message)}{f' ({hint})' if hint else ''}", file=sys.stderr)
    return code


def complain_of(error: Exception) -> int:
    """Name what went wrong with one of several runs; returns the exit code."""
    if isinstance(error, OSError):
        return complain(f"{error.filename or 'a file'}: {error.strerror or error}", code=1)
    return complain(str(error), code=getattr(error, "exit_code", 1))


def say(message: str) -> None:
    """A word about what goes on, on stderr."""
    print(message, file=sys.stderr, flush=True)


def print_json(value: Any, *, line: bool = False) -> None:
    """A result as JSON; non-finite numbers are the words "nan", "inf" and "-inf". `line`: in one line, which goes out at once."""
    import orjson

    from engine.runfiles.metrics import encode
    from engine.spec.harmless import harmless_json

    value = encode(value)
    try:
        layout = 0 if line else orjson.OPT_INDENT_2
        text = orjson.dumps(value, option=layout | orjson.OPT_APPEND_NEWLINE, default=str).decode()
    except orjson.JSONEncodeError:
        # Half a surrogate pair, as in a file name that is not UTF-8, or an integer beyond 64 bits
        import json

        text = json.dumps(value, indent=None if line else 2, default=str) + "\n"
    sys.stdout.write(harmless_json(text))
    if line:
        sys.stdout.flush()


def print_table(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[str] = (),
    names: Sequence[str] = (),
    spare: Sequence[str] = (),
    stdout: bool = True,
) -> None:
    """A table in columns; those headed by a word in `right` hold numbers. A pipe gets it whole.

    A terminal that is too narrow for it gets the columns in `names` without what their cells have in common, then none of those
    in `spare`, and then cut texts, names without their middle. A table that is no result, but something to know before a question
    is answered, goes to stderr.
    """
    from rich.console import Console

    from engine.spec.harmless import harmless, own_stream
    from moetui.core.science.labels import middle

    stream = own_stream(sys.stdout if stdout else sys.stderr)  # the header is bold
    rows = [[_one_line(harmless(cell)) for cell in row] for row in rows]
    headers = [harmless(header) for header in headers]
    console = Console(file=stream, width=None if stream.isatty() else 10_000, highlight=False, soft_wrap=False)
    headers, rows = narrowed(headers, rows, names, spare, console.width)
    widths = _widths(headers, rows, right, console.width, names)
    for index, header in enumerate(headers):
        if header in names:
            width = widths[index]
            for row in rows:
                row[index] = middle(row[index], width) if _cells(row[index]) == len(row[index]) else row[index]
    columns = [_Column(header, width, header in right) for header, width in zip(headers, widths, strict=True)]
    fits = sum(widths) + GAP * (len(widths) - 1) <= console.width
    console.print(_by_rich(columns, [] if fits else rows))
    for row in rows if fits else ():
        if _plain(row):
            stream.write(_line(columns, row))
        else:
            console.print(_by_rich(columns, [row], header=False))


class _Column(NamedTuple):
    """A column of a table: its header, its width in cells, and whether it holds numbers."""

    header: str
    width: int
    right: bool


def _by_rich(columns: Sequence[_Column], rows: Sequence[Sequence[str]], *, header: bool = True) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", show_header=header)
    for column in columns:
        justify: Literal["left", "right"] = "right" if column.right else "left"
        table.add_column(column.header, justify=justify, no_wrap=True, overflow="ellipsis", width=column.width)
    for row in rows:
        table.add_row(*map(Text, row))  # Text: a name is never markup
    return table


def _one_line(text: str) -> str:
    """A text as it stands in a cell: line ends and tabs are spaces there."""
    return (" ".join(text.split()) if "\n" in text or "\t" in text else text).rstrip()


def _plain(row: Sequence[str]) -> bool:
    """Whether a row is one line whose characters all have a place; a line break, for one, makes it several."""
    return "".join(row).isprintable()


def _line(columns: Sequence[_Column], row: Sequence[str]) -> str:
    """A row as rich draws it; with ten thousand rows rich takes fifteen seconds."""
    from rich.cells import set_cell_size

    cells = []
    for column, text in zip(columns, row, strict=True):
        room = column.width - _cells(text)
        if room < 0:
            cells.append(f"{set_cell_size(text, column.width - 1)}…")
        else:
            cells.append(" " * room + text if column.right else text + " " * room)
    return (" " * GAP).join(cells) + "\n"


@functools.lru_cache(maxsize=1 << 16)
def _cells(text: str) -> int:
    """The cells of a terminal that a text takes."""
    if text.isascii() and text.isprintable():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def narrowed(
    headers: Sequence[str], rows: Sequence[Sequence[str]], names: Sequence[str], spare: Sequence[str], available: int
) -> tuple[list[str], list[list[str]]]:
    """A table that needs less room, if it has not enough: names made short, then columns left out one by one."""
    from moetui.core.science.labels import distinctive

    columns = [[header, *(row[index] for row in rows)] for index, header in enumerate(headers)]
    if _needed(columns) <= available:
        return list(headers), [list(row) for row in rows]
    for column in columns:
        if column[0] in names and _needed(columns) > available:
            column[1:] = distinctive(column[1:])
    for header in spare:
        if _needed(columns) > available:
            columns = [column for column in columns if column[0] != header]
    headers, *short = map(list, zip(*columns, strict=True))
    return headers, short


def _needed(columns: Sequence[Sequence[str]]) -> int:
    return sum(max(map(_cells, column)) + GAP for column in columns) - GAP


def _widths(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[str],
    available: int,
    names: Sequence[str] = (),
) -> Sequence[int]:
    """Cells of each column: texts give way, the longest first; names, which tell the rows apart, only to texts of a few words."""
    widths = [max(map(_cells, column)) for column in zip(headers, *rows, strict=True)]
    excess = sum(widths) + GAP * (len(widths) - 1) - available
    for least, kept in ((FEW_WORDS, (*right, *names)), (LEAST, right)):
        texts = [index for index, header in enumerate(headers) if header not in kept]
        while excess > 0 and texts and widths[longest := max(texts, key=lambda index: widths[index])] > least:
            widths[longest] -= 1
            excess -= 1
    return widths
