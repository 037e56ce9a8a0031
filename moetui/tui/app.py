"""The application: five screens over one laboratory, fed by one thread that reads it."""

import asyncio
import math
import os
import signal
import time
from collections.abc import Iterable, Sequence
from functools import partial
from typing import ClassVar, get_args

from textual import work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.events import Event, Key
from textual.filter import LineFilter
from textual.screen import Screen
from textual.widgets import Input

from moetui.core.lab import Lab
from moetui.core.terminal import why_ascii
from moetui.tui.actions import Action, Place, actions_of, bindings, key_names
from moetui.tui.ascii_filter import AsciiFilter
from moetui.tui.chart import Charset
from moetui.tui.feed import Feed, Picture
from moetui.tui.lost_terminal import end_with_terminal
from moetui.tui.palette import Palette
from moetui.tui.place import PlaceScreen
from moetui.tui.screens.compare import CompareScreen
from moetui.tui.screens.devices import DevicesScreen
from moetui.tui.screens.help import Help
from moetui.tui.screens.launch import LaunchScreen
from moetui.tui.screens.live import LiveScreen
from moetui.tui.screens.runs import RunsScreen

READ_SECONDS = 0.5
"""Pause between two looks at the laboratory."""

REMOTE_SECONDS = 2.0
"""Over a slow link the least time between two drawings of numbers; a change of a run's status is drawn at once."""

LINGER_SECONDS = 2.0
"""How long the end of the last run stays on the screen before the app leaves by itself."""


class MoetuiApp(App[None]):
    """The terminal laboratory. Leaving it, however that happens, leaves the runs alone."""

    TITLE = "moetui"
    BINDINGS: ClassVar[list[BindingType]] = bindings("everywhere")
    MODES = {  # noqa: RUF012  # Textual's convention
        "launch": LaunchScreen,
        "live": LiveScreen,
        "runs": RunsScreen,
        "compare": CompareScreen,
        "devices": DevicesScreen,
    }
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
        ascii_only: bool | None = None,
    ) -> None:
        """`watch`: ids of the runs that Live shows first; `start`: the first screen.

        `until_ended`: leave by itself when the watched runs have ended. `remote`: spare the link; the default is to do so over SSH.
        `ascii_only`: draw nothing but ASCII; the default is what locale and TERM tell.
        """
        super().__init__()
        self.lab = lab
        self.feed = Feed(lab)
        self.watch_ids = tuple(watch)
        self._compared: tuple[str, ...] = ()
        self.picture = Picture()
        self._reading = False
        self._drawn = self.picture
        self._drawn_at = -math.inf
        self._until_ended = until_ended
        self._start = start or ("live" if self.watch_ids else "launch")
        self._remote = bool(os.environ.get("SSH_CONNECTION")) if remote is None else remote
        ascii_only = bool(why_ascii()) if ascii_only is None else ascii_only
        self.charset: Charset = "ascii" if ascii_only else "braille"
        self._ascii = AsciiFilter(ascii_only)
        self.animation_level = "none"

    def on_mount(self) -> None:
        """Open the first screen and begin to read."""
        self._leave_on_signals()
        self.switch_mode(self._start)
        self.set_interval(READ_SECONDS, self.refresh_picture)
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
        self.picture = picture
        if picture is not self._drawn and isinstance(self.screen, PlaceScreen) and self._is_due(picture):
            self._drawn, self._drawn_at = picture, time.monotonic()
            self.screen.receive(picture)
        if self._until_ended and not any(run.pending for run in picture.snapshot.runs if run.id in self.watch_ids):
            self._until_ended = False
            self.set_timer(LINGER_SECONDS, self.exit)

    def _is_due(self, picture: Picture) -> bool:
        if not self._remote or time.monotonic() - self._drawn_at >= REMOTE_SECONDS:
            return True
        return picture.error != self._drawn.error or picture.snapshot.statuses != self._drawn.snapshot.statuses

    def watch_runs(self, run_ids: Iterable[str]) -> None:
        """Go to Live and show these runs, and only these, first."""
        self.watch_ids = tuple(run_ids)
        if isinstance(self.screen, LiveScreen):
            self.screen.receive(self.picture)
        else:
            self.switch_mode("live")
        self.refresh_picture()

    def compare_runs(self, run_ids: Iterable[str]) -> None:
        """Go to Compare and judge these runs."""
        self._compared = tuple(run_ids)
        self.switch_mode("compare")

    def take_compared(self) -> tuple[str, ...]:
        """The ids of the runs that Compare was asked for since the last time."""
        asked, self._compared = self._compared, ()
        return asked

    async def on_event(self, event: Event) -> None:
        """Act on a key before the next one is sent anywhere: of a burst, what follows `/` belongs to the line that it opens.

        Textual sends all keys of a burst to what has the focus at its beginning; a slow link or a busy machine makes bursts.
        """
        if isinstance(event, Key) and not event.is_forwarded and await self._act_on(event):
            return
        await super().on_event(event)

    async def _act_on(self, key: Key) -> bool:
        """Do what the key is bound to, or type it: of a burst that ends with enter, the text is there when enter acts on it."""
        if key.is_printable and key.character and isinstance(self.focused, Input):
            self.focused.replace(key.character, *self.focused.selection)
            return True
        bound = self.screen.active_bindings.get(key.key)
        return bound is not None and bound.enabled and await self.run_action(bound.binding.action, bound.node)

    async def action_show(self, place: str) -> None:
        """Go to one of the main screens."""
        await self.switch_mode(place)

    async def action_help(self) -> None:
        """Show the keys of the present place."""
        if isinstance(self.screen, PlaceScreen):
            await self.push_screen(Help(_as_place(self.screen.place)))

    def action_command_palette(self) -> None:
        """Search for an action by name."""
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own, and what makes ASCII of everything."""
        return [*super().get_line_filters(), *([self._ascii] if self._ascii.enabled else [])]

    def get_key_display(self, binding: Binding) -> str:
        """The key as the footer names it; the arrow of enter has no likeness in ASCII."""
        return "enter" if binding.key == "enter" and self._ascii.enabled else super().get_key_display(binding)

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
        end_with_terminal()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.exit)


def _as_place(name: str) -> Place:
    return next(place for place in get_args(Place) if place == name)
