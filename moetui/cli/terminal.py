"""Opens the terminal interface where there is a terminal that can show it."""

import os
import sys
from collections.abc import Sequence

from moetui.cli.place import lab
from moetui.core.errors import UsageError


def can_draw() -> bool:
    """Whether the terminal can show the interface."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in ("", "dumb")


def open_terminal(*, watch: Sequence[str] = (), start: str = "", remote: bool | None = None) -> None:
    """Run the interface until the user leaves it. Raises `UsageError` where it cannot be shown."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("this is no terminal; without one use `moetui run PRESET`, `moetui ls` or `moetui --help`")
    if not can_draw():
        raise UsageError(
            "TERM=dumb cannot show the interface; use `moetui run PRESET --plain`, `moetui ls` or another TERM"
        )
    from moetui.tui.app import MoetuiApp

    app = MoetuiApp(lab(), watch=watch, start=start, remote=remote)
    app.run()
    if app.return_code:
        raise SystemExit(app.return_code)
