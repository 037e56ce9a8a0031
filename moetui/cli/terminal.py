"""Opens the terminal interface where there is a terminal that can show it."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from moetui.cli.place import lab
from moetui.core.errors import UsageError
from moetui.core.terminal import is_dumb

Remote = Annotated[bool | None, typer.Option("--remote/--local", help="Spare a slow link (default: over SSH).")]
AsciiOnly = Annotated[
    bool | None, typer.Option("--ascii/--unicode", help="Draw in plain ASCII (default: as locale and TERM tell).")
]


def can_draw() -> bool:
    """Whether the terminal can show the interface."""
    return sys.stdin.isatty() and sys.stdout.isatty() and not is_dumb()


def open_terminal(
    *, watch: Sequence[str] = (), start: str = "", remote: bool | None = None, ascii_only: bool | None = None
) -> None:
    """Run the interface until the user leaves it. Raises `UsageError` where it cannot be shown."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("this is no terminal; without one use `moetui run PRESET`, `moetui ls` or `moetui --help`")
    if not can_draw():
        raise UsageError(
            "TERM=dumb cannot show the interface; use `moetui run PRESET --plain`, `moetui ls` or another TERM"
        )
    from moetui.tui.app import MoetuiApp

    app = MoetuiApp(lab(), watch=watch, start=start, remote=remote, ascii_only=ascii_only)
    app.run()
    if app.return_code:
        raise SystemExit(app.return_code)
