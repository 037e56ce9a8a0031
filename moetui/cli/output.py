"""What the commands print: results on stdout, everything else on stderr."""

import sys
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import typer

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
    headers: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = (), stdout: bool = True
) -> None:
    """A table in columns; those named in `right` hold numbers. A pipe gets it whole; a terminal cuts texts, the longest first.

    A table that is no result, but something to know before a question is answered, goes to stderr.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    stream = sys.stdout if stdout else sys.stderr
    console = Console(file=stream, width=None if stream.isatty() else 10_000, highlight=False, soft_wrap=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for header, width in zip(headers, _widths(headers, rows, right, console.width), strict=True):
        justify: Literal["left", "right"] = "right" if header in right else "left"
        table.add_column(header, justify=justify, no_wrap=True, overflow="ellipsis", width=width)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))  # Text: a name is never markup
    console.print(table)


def _widths(
    headers: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str], available: int
) -> Sequence[int]:
    from rich.cells import cell_len

    gap, least = 2, 6
    widths = [max(map(cell_len, column)) for column in zip(headers, *rows, strict=True)]
    texts = [index for index, header in enumerate(headers) if header not in right]
    excess = sum(widths) + gap * (len(widths) - 1) - available
    while excess > 0 and texts:
        longest = max(texts, key=lambda index: widths[index])
        if widths[longest] <= least:
            break
        widths[longest] -= 1
        excess -= 1
    return widths
