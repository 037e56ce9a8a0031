"""Opens the terminal interface where there is a terminal that can show it."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

import typer

from moetui.cli.place import lab
from moetui.core.errors import UsageError
from moetui.core.terminal import Charset, detect_charset, is_dumb, is_served

Remote = Annotated[bool | None, typer.Option("--remote/--local", help="Spare a slow link (default: over SSH).")]
CharsetOption = Annotated[
    Literal["auto", "braille", "block", "ascii"] | None,
    typer.Option("--charset", help="What to draw with; auto: as locale and TERM tell.", show_default=False),
]
ThemeOption = Annotated[
    Literal["auto", "dark", "light", "terminal"] | None,
    typer.Option("--theme", help="Colours; auto: as its background; terminal: its own palette.", show_default=False),
]
TourOption = Annotated[
    bool | None, typer.Option("--tour/--no-tour", help="Begin with the tour (default: at the first start).")
]


@dataclass(frozen=True, slots=True)
class Look:
    """How somebody wants the interface; what is None is left to the settings and the terminal."""

    remote: bool | None = None
    charset: Literal["auto", "braille", "block", "ascii"] | None = None
    theme: Literal["auto", "dark", "light", "terminal"] | None = None


def look_words(look: Look, *, tour: bool | None) -> list[str]:
    """The options that say the same on another host."""
    flags = [("--remote", "--local", look.remote), ("--tour", "--no-tour", tour)]
    words = [yes if said else no for yes, no, said in flags if said is not None]
    return words + [f"--{key}={said}" for key, said in (("charset", look.charset), ("theme", look.theme)) if said]


def can_draw() -> bool:
    """Whether the terminal can show the interface."""
    return is_served() or (sys.stdin.isatty() and sys.stdout.isatty() and not is_dumb())


def chosen_charset(option: Literal["auto", "braille", "block", "ascii"] | None) -> Charset:
    """What to draw with: as the option says, or the settings, or the terminal."""
    from moetui.core.preferences import read_settings

    wanted = option or read_settings(lab().workspace).preferences.charset
    return detect_charset()[0] if wanted == "auto" else wanted


def open_terminal(
    look: Look, *, watch: Sequence[str] = (), start: str = "", tour: bool | None = False, until_ended: bool = False
) -> None:
    """Run the interface until the user leaves it, or if asked to until the watched runs have ended.

    With `tour` None newcomers get the tour: who has no runs and has not seen it. Raises `UsageError` where it cannot be shown.
    """
    if not (is_served() or (sys.stdin.isatty() and sys.stdout.isatty())):
        raise UsageError("this is no terminal; without one use `moetui run PRESET`, `moetui ls` or `moetui --help`")
    if not can_draw():
        raise UsageError(
            "TERM=dumb cannot show the interface; use `moetui run PRESET --plain`, `moetui ls` or another TERM"
        )
    from moetui.core import collector

    collector.rest()  # nothing of what is imported and mounted now is garbage
    from moetui.core.preferences import read_settings
    from moetui.tui.app import MoetuiApp

    settings = read_settings(lab().workspace)
    if tour is None:
        tour = settings.preferences.tour and not lab().workspace.runs.exists()
    charset = chosen_charset(look.charset)
    app = MoetuiApp(
        lab(),
        watch=watch,
        start=start,
        until_ended=until_ended,
        remote=look.remote,
        charset=charset,
        theme=look.theme,
        settings=settings,
        tour=tour,
        when_read=partial(collector.resume, keep=True),
    )
    app.run()
    if app.return_code:
        raise SystemExit(app.return_code)
