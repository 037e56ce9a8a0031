"""What the commands print: results on stdout, everything else on stderr."""

import sys
from collections.abc import Sequence
from typing import Annotated, Any

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
    """A table in columns; those named in `right` hold numbers. A terminal cuts it to its width, a pipe gets it whole.

    A table that is no result, but something to know before a question is answered, goes to stderr.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for header in headers:
        table.add_column(header, justify="right" if header in right else "left", no_wrap=True, overflow="ellipsis")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))  # Text: a name is never markup
    stream = sys.stdout if stdout else sys.stderr
    Console(file=stream, width=None if stream.isatty() else 10_000, highlight=False, soft_wrap=False).print(table)
