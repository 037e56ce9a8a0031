"""What the commands print: results on stdout, everything else on stderr."""

import sys
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import typer

GAP = 2
"""Cells between two columns of a table."""
LEAST, FEW_WORDS = 6, 12
"""Cells that a text keeps in any case, and down to which it is cut before the names are."""

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def complain(message: str, *, hint: str = "", code: int) -> int:
    """One line on stderr for a person; returns the exit code."""
    print(f"moetui: {message}{f' ({hint})' if hint else ''}", file=sys.stderr)
    return code


def say(message: str) -> None:
    """A word about what goes on, on stderr."""
    print(message, file=sys.stderr, flush=True)


def print_json(value: Any) -> None:
    """A result as JSON; non-finite numbers are the words "nan", "inf" and "-inf"."""
    import orjson

    from engine.metrics import encode

    raw = orjson.dumps(encode(value), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE, default=str)
    sys.stdout.write(raw.decode())


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
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from moetui.core.science.labels import middle

    stream = sys.stdout if stdout else sys.stderr
    console = Console(file=stream, width=None if stream.isatty() else 10_000, highlight=False, soft_wrap=False)
    headers, rows = narrowed(headers, rows, names, spare, console.width)
    widths = _widths(headers, rows, right, console.width, names)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for header, width in zip(headers, widths, strict=True):
        justify: Literal["left", "right"] = "right" if header in right else "left"
        table.add_column(header, justify=justify, no_wrap=True, overflow="ellipsis", width=width)
    for row in rows:
        cells = [
            middle(cell, width) if header in names and cell_len(cell) == len(cell) else cell
            for header, cell, width in zip(headers, row, widths, strict=True)
        ]
        table.add_row(*map(Text, cells))  # Text: a name is never markup
    console.print(table)


def narrowed(
    headers: Sequence[str], rows: Sequence[Sequence[str]], names: Sequence[str], spare: Sequence[str], available: int
) -> tuple[list[str], list[list[str]]]:
    """A table that needs less room, if it has not enough: names made short, then columns left out one by one."""
    from moetui.core.science.labels import distinctive

    columns = [[header, *(row[index] for row in rows)] for index, header in enumerate(headers)]
    for column in columns:
        if column[0] in names and _needed(columns) > available:
            column[1:] = distinctive(column[1:])
    for header in spare:
        if _needed(columns) > available:
            columns = [column for column in columns if column[0] != header]
    headers, *short = map(list, zip(*columns, strict=True))
    return headers, short


def _needed(columns: Sequence[Sequence[str]]) -> int:
    from rich.cells import cell_len

    return sum(max(map(cell_len, column)) + GAP for column in columns) - GAP


def _widths(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[str],
    available: int,
    names: Sequence[str] = (),
) -> Sequence[int]:
    """Cells of each column: texts give way, the longest first; names, which tell the rows apart, only to texts of a few words."""
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in zip(headers, *rows, strict=True)]
    excess = sum(widths) + GAP * (len(widths) - 1) - available
    for least, kept in ((FEW_WORDS, (*right, *names)), (LEAST, right)):
        texts = [index for index, header in enumerate(headers) if header not in kept]
        while excess > 0 and texts and widths[longest := max(texts, key=lambda index: widths[index])] > least:
            widths[longest] -= 1
            excess -= 1
    return widths
