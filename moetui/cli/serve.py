"""The interface in a browser."""

import shlex
import sys
from typing import Annotated

import typer

from moetui.cli.output import say
from moetui.cli.place import lab
from moetui.cli.terminal import ThemeOption
from moetui.core.errors import UsageError

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(serve)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; others than this machine's own are reachable.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    url: Annotated[
        str, typer.Option(help="How browsers reach it, if not as http://HOST:PORT.", show_default=False)
    ] = "",
    theme: ThemeOption = None,
) -> None:
    """Show the interface in a browser, for whoever has the address with its token. ctrl+c ends it; runs go on training.

    Example: `moetui serve --port 8000`.
    """
    try:
        from moetui.web import TokenServer
    except ModuleNotFoundError as missing:
        raise UsageError(f"{missing.name} is not installed; `pip install 'moetui[serve]'` brings it") from None
    if host not in LOOPBACK:
        say(
            f"moetui: whoever reaches {host}:{port} and has the token rules over your runs, and nothing is encrypted; "
            f"safer is `ssh -L {port}:127.0.0.1:{port}` to a server on 127.0.0.1"
        )
    interface = [sys.executable, "-m", "moetui.cli.main", "--workspace", str(lab().workspace.root)]
    interface += ["--charset", "braille", *(("--theme", theme) if theme else ())]
    server = TokenServer(shlex.join(interface), host=host, port=port, url=url)
    say(f"moetui is at {server.entrance}")
    server.serve()
