"""The application: three screens over one laboratory, fed by one thread that reads it."""

import asyncio
import os
import signal
from collections.abc import Iterable
from functools import partial
from typing import ClassVar, get_args

from textual import work
from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.screen import Screen

from moetui.core.lab import Lab
from moetui.tui.actions import Action, Place, actions_of, bindings, key_names
from moetui.tui.feed import Feed, Picture
from moetui.tui.place import PlaceScreen
from moetui.tui.screens.help import Help
from moetui.tui.screens.launch import LaunchScreen
from moetui.tui.screens.live import LiveScreen
from moetui.tui.screens.runs import RunsScreen

LOCAL_SECONDS = 0.5
REMOTE_SECONDS = 2.0
"""Pause between two pictures; the longer one spares a slow link."""

LINGER_SECONDS = 2.0
"""How long the end of the last run stays on the screen before the app leaves by itself."""


class MoetuiApp(App[None]):
    """The terminal laboratory. Leaving it, however that happens, leaves the runs alone."""

    TITLE = "moetui"
    BINDINGS: ClassVar[list[BindingType]] = bindings("everywhere")
    MODES = {"launch": LaunchScreen, "live": LiveScreen, "runs": RunsScreen}  # noqa: RUF012  # Textual's convention
    DEFAULT_MODE = "launch"
    CSS = """
    Screen { layers: base; }
    * { scrollbar-size-vertical: 1; }
    """

    def __init__(
        self,
        lab: Lab,
        *,
        watch: Iterable[str] = (),
        start: str = "",
        until_ended: bool = False,
        remote: bool | None = None,
    ) -> None:
        """`watch`: ids of the runs that Live shows first; `start`: the first screen.

        `until_ended`: leave by itself when the watched runs have ended. `remote`: spare the link; the default is to do so over SSH.
        """
        super().__init__()
        self.lab = lab
        self.feed = Feed(lab)
        self.watch_ids = tuple(watch)
        self.picture = Picture()
        self._reading = False
        self._until_ended = until_ended
        self._start = start or ("live" if self.watch_ids else "launch")
        self._remote = bool(os.environ.get("SSH_CONNECTION")) if remote is None else remote
        self.animation_level = "none"

    def on_mount(self) -> None:
        """Open the first screen and begin to read."""
        self._leave_on_signals()
        self.switch_mode(self._start)
        self.set_interval(REMOTE_SECONDS if self._remote else LOCAL_SECONDS, self.refresh_picture)
        self.refresh_picture()

    def refresh_picture(self) -> None:
        """Read the laboratory in a thread, unless one is still at it; the screen gets the picture when it is there."""
        if not self._reading:
            self._reading = True
            self._read()

    @work(thread=True, group="feed", exit_on_error=False)
    def _read(self) -> None:
        try:
            picture = self.feed.take()
        finally:
            self._reading = False
        self.call_from_thread(self._deliver, picture)

    def _deliver(self, picture: Picture) -> None:
        changed = picture is not self.picture
        self.picture = picture
        if changed and isinstance(self.screen, PlaceScreen):
            self.screen.receive(picture)
        if self._until_ended and not any(run.pending for run in picture.snapshot.runs if run.id in self.watch_ids):
            self._until_ended = False
            self.set_timer(LINGER_SECONDS, self.exit)

    def watch_runs(self, run_ids: Iterable[str]) -> None:
        """Go to Live and show these runs, and only these, first."""
        self.watch_ids = tuple(run_ids)
        if isinstance(self.screen, LiveScreen):
            self.screen.receive(self.picture)
        else:
            self.switch_mode("live")
        self.refresh_picture()

    def action_show(self, place: str) -> None:
        """Go to one of the main screens."""
        self.switch_mode(place)

    def action_help(self) -> None:
        """Show the keys of the present place."""
        if isinstance(self.screen, PlaceScreen):
            self.push_screen(Help(_as_place(self.screen.place)))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The actions of the present place and of everywhere, for the command palette."""
        places: tuple[Place, ...] = ("everywhere",)
        if isinstance(screen, PlaceScreen):
            places = (_as_place(screen.place), *places)
        for place in places:
            for action in actions_of(place):
                if action.id != "command_palette":
                    yield SystemCommand(action.help, f"key {key_names(action)}", partial(self._run_on, screen, action))

    async def _run_on(self, screen: Screen[object], action: Action) -> None:
        await self.run_action(action.id, self if action.place == "everywhere" else screen)

    def _leave_on_signals(self) -> None:
        """End cleanly, with the terminal restored, when the terminal closes or somebody terminates us."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.exit)


def _as_place(name: str) -> Place:
    return next(place for place in get_args(Place) if place == name)
