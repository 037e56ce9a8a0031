"""The application: five screens over one laboratory, fed by one thread that reads it."""

import asyncio
import contextlib
import math
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, get_args

from rich.console import RenderableType
from rich.text import Text
from textual import work
from textual.app import ScreenStackError, SystemCommand
from textual.binding import BindingType
from textual.screen import Screen

from engine.runfiles.rundir import Finding
from engine.spec.harmless import harmless
from moetui.core.catalogue.records import RunRecord
from moetui.core.preferences import Settings, Theme, read_settings
from moetui.core.runs.alerts import tell_findings
from moetui.core.runs.lab import Lab
from moetui.core.terminal import Charset, is_remote
from moetui.tui import heap
from moetui.tui.actions import Action, Place, actions_of
from moetui.tui.alerts import Alerts
from moetui.tui.bindings import bindings, key_names
from moetui.tui.fault_log import log_fault
from moetui.tui.feed import Feed, Picture
from moetui.tui.keymap import keymap_of
from moetui.tui.lost_terminal import end_with_terminal, leave
from moetui.tui.news import Discoveries, Wire
from moetui.tui.palette import Palette
from moetui.tui.place import PlaceScreen
from moetui.tui.screens import SCREENS
from moetui.tui.themed import ThemedApp
from moetui.tui.widgets.notice import Notice

READ_SECONDS = 0.5
"""Pause between two looks at the laboratory."""

REMOTE_SECONDS = 2.0
"""Over a slow link the least time between two drawings of numbers; a change of a run's status is drawn at once."""

LINGER_SECONDS = 2.0
"""How long the end of the last run stays on the screen before the app leaves by itself."""

FAULT_SECONDS = 15.0
"""How long a fault of the settings stays on the screen."""


class MoetuiApp(ThemedApp):
    """The terminal laboratory. Leaving it, however that happens, leaves the runs alone.

    It is long because what the screens have in common is here: the picture of the laboratory, and the keys of everywhere.
    """

    TITLE = "moetui"
    BINDINGS: ClassVar[list[BindingType]] = bindings("everywhere")
    MODES = SCREENS  # Textual's convention
    CSS = """
    Screen { layers: base; }
    * { scrollbar-size-vertical: 1; }
    .-broken > * { display: none; }
    ToastRack { dock: top; align: right top; }
    """

    def __init__(
        self,
        lab: Lab,
        *,
        watch: Iterable[str] = (),
        start: str = "",
        until_ended: bool = False,
        remote: bool | None = None,
        charset: Charset | None = None,
        theme: Theme | None = None,
        settings: Settings | None = None,
        tour: bool = False,
        when_read: Callable[[], None] | None = None,
    ) -> None:
        """`watch`: ids of the runs that Live shows first; `start`: the first screen, by itself Live while runs are at work.

        `until_ended`: leave by itself when the watched runs have ended. `remote`: spare the link. `charset` and `theme`: what to
        draw with. What is None is as the settings say, and where they say nothing as the terminal tells. `settings` are read from
        the files unless they are given. `tour`: begin with the tour.
        `when_read`: called when the laboratory, read for the first time, is on the screen.
        """
        self.settings = read_settings(lab.workspace) if settings is None else settings
        preferences = self.settings.preferences
        super().__init__(preferences, charset, theme)
        self.lab = lab
        self.feed = Feed(lab)
        self.watch_ids = tuple(watch)
        self._compared: tuple[str, ...] = ()
        self.picture = Picture()
        self._reading = False
        self._drawn = self.picture
        self._drawn_at = -math.inf
        self._until_ended = until_ended
        self._start = start or ("live" if self.watch_ids or lab.dispatching() else "launch")
        self._tour = tour
        self._when_read = when_read
        self._begun = False
        self._waiting: list[Callable[[], object]] = []
        self.remote = next((said for said in (remote, preferences.remote) if said is not None), is_remote())
        self.keymap = keymap_of(self.settings.keys)
        self.set_keymap(dict(self.keymap.keys))
        self._discoveries = Discoveries()
        self.alerts = Alerts(lab)
        self._wire = Wire(self, bell=preferences.bell, osc9=preferences.osc9)
        self.animation_level = "none"

    def on_mount(self) -> None:
        """Open the first screen; everything else waits until it can be seen."""
        self._leave_on_signals()
        self.switch_mode(self._start)
        self.once_shown(self._begin)

    def _begin(self) -> None:
        """Begin to read."""
        heap.share()
        self.ask_for_ground()
        self.set_interval(READ_SECONDS, self.refresh_picture)
        self.refresh_picture()
        for fault in (*self.settings.faults, *self.keymap.faults):
            self.notify(fault, title="Settings", severity="warning", timeout=FAULT_SECONDS, markup=False)
        if self._tour:
            self.call_after_refresh(self.action_tour)

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        # Textual's own events come earlier: what it calls after a refresh, or when it is ready, may at the start come before
        # anything is painted.
        super()._display(screen, renderable)
        if not self._begun and isinstance(screen, PlaceScreen) and renderable is not None and not self._batch_count:
            self._begun = True
            self.call_later(self._go_on)

    def _go_on(self) -> None:
        while self._waiting:
            self._waiting.pop(0)()

    def once_shown(self, callback: Callable[[], object]) -> None:
        """Call this as soon as the terminal shows the first screen: at once if it does already."""
        if self._begun:
            callback()
        else:
            self._waiting.append(callback)

    def refresh_picture(self) -> None:
        """Read the laboratory in a thread, unless one is still at it; the screen gets the picture when it is there."""
        if not self._reading:
            self._reading = True
            self._read()

    @work(thread=True, group="feed", exit_on_error=False, description="look at the laboratory")
    def _read(self) -> None:
        try:
            picture = self.feed.take()
        except Exception as error:
            # What the feed did not foresee must be seen: without a word the screens would just grow old.
            picture = replace(self.picture, error=log_fault(error, "feed"))
        finally:
            self._reading = False
        self.call_from_thread(self._deliver, picture)

    def _deliver(self, picture: Picture) -> None:
        if picture is not self.picture:
            self._wire.tell_ends(self.picture.snapshot, picture.snapshot)
            if found := list(self._discoveries.news(picture)):
                self._wire.tell_findings(found)
                self._alert(found)
            self.picture = picture
        if picture is not self._drawn and isinstance(self.screen, PlaceScreen) and self._is_due(picture):
            self._drawn, self._drawn_at = picture, time.monotonic()
            self.screen.receive(picture)
        if self._when_read is not None:
            self.call_after_refresh(self._when_read)
            self._when_read = None
        if self._until_ended and not any(run.pending for run in picture.snapshot.runs if run.id in self.watch_ids):
            self._until_ended = False
            self.set_timer(LINGER_SECONDS, self.exit)

    @work(thread=True, group="alert", exit_on_error=False, description="tell the user's command")
    def _alert(self, found: list[tuple[RunRecord, Finding]]) -> None:
        tell_findings(self.lab.workspace, found)

    def _is_due(self, picture: Picture) -> bool:
        if not self.remote or time.monotonic() - self._drawn_at >= REMOTE_SECONDS:
            return True
        return picture.error != self._drawn.error or _said(picture) != _said(self._drawn)

    def watch_runs(self, run_ids: Iterable[str]) -> None:
        """Go to Live and show these runs, and only these, first."""
        self.watch_ids = tuple(run_ids)
        if isinstance(self.screen, PlaceScreen) and self.screen.place == "live":
            self.screen.receive(self.picture)
        else:
            self._go("live")
        self.refresh_picture()

    def compare_runs(self, run_ids: Iterable[str]) -> None:
        """Go to Compare and judge these runs."""
        self._compared = tuple(run_ids)
        self._go("compare")

    def take_compared(self) -> tuple[str, ...]:
        """The ids of the runs that Compare was asked for since the last time."""
        asked, self._compared = self._compared, ()
        return asked

    async def action_show(self, place: str) -> None:
        """Go to one of the main screens, as it was left; who is in the place already comes back from what was opened there."""
        if place == self.current_mode:
            self._go(place)
        else:
            await self.switch_mode(place)

    def _go(self, place: str) -> None:
        """Go to a main screen itself, and close what was opened on it."""
        self.switch_mode(place)
        while len(self.screen_stack) > 1:
            self.pop_screen()

    async def action_help(self) -> None:
        """Show the keys of the present place."""
        from moetui.tui.dialogs.help import Help

        if isinstance(self.screen, PlaceScreen):
            await self.push_screen(Help(_as_place(self.screen.place), self.keymap.keys))

    async def action_tour(self) -> None:
        """Show the tour; once it has been seen to its end, or is not wanted, it does not come by itself again."""
        from moetui.tui.dialogs.tour import Tour

        def left(for_good: bool | None) -> None:
            if for_good and self.settings.preferences.tour:
                self.remember("tour", False)

        await self.push_screen(Tour(self.keymap.keys), left)

    def action_alerts(self) -> None:
        """Show what ended and what was found since this was last asked."""
        if isinstance(self.screen, PlaceScreen):
            self._list_alerts(self.picture)

    @work(exclusive=True, group="alerts", exit_on_error=False, description="list the alerts")
    async def _list_alerts(self, picture: Picture) -> None:
        from moetui.tui.dialogs.alerts import AlertList

        alerts = await asyncio.to_thread(self.alerts.list, picture)
        since = self.alerts.looked.at
        self.alerts.look(picture)
        self.clear_notifications()
        self.push_screen(AlertList(alerts, since))

    def _refresh_notifications(self) -> None:
        """Tell in the line of the keys, where no chart is; over a dialog Textual's toasts tell."""
        with contextlib.suppress(ScreenStackError):
            if isinstance(self.screen, PlaceScreen):
                for notice in self.screen.query(Notice):
                    notice.tell()
            else:
                super()._refresh_notifications()

    def action_remote(self) -> None:
        """Spare the link from now on, or no longer."""
        self.remote = not self.remote
        often = f"new numbers every {REMOTE_SECONDS:g} s" if self.remote else "new numbers at once"
        self.notify(f"{'Slow' if self.remote else 'Quick'} link: {often}", markup=False)
        if isinstance(self.screen, PlaceScreen):
            self.screen.receive(self.picture)

    def action_command_palette(self) -> None:
        """Search for an action by name."""
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    def _handle_exception(self, error: Exception) -> None:
        # Textual's hook for what no part has contained: it ends the app and restores the terminal.
        if self.is_web and isinstance(error, BrokenPipeError):
            leave()  # the server is gone that the browser reads from; nobody is left to tell
        self._last_words = f"moetui: the interface broke down: {log_fault(error, 'moetui')}; runs go on training"
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        self._exit_renderables.append(Text(harmless(self._last_words)))
        self._close_messages_no_wait()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The actions of the present place and of everywhere, for the command palette."""
        places: tuple[Place, ...] = ("everywhere",)
        if isinstance(screen, PlaceScreen):
            places = (_as_place(screen.place), *places)
        for place in places:
            for action in actions_of(place):
                if action.id != "command_palette":
                    keys = key_names(action, self.keymap.keys)
                    yield SystemCommand(action.help, f"key {keys}", partial(self._run_on, screen, action))

    async def _run_on(self, screen: Screen[object], action: Action) -> None:
        await self._do(action.id, self if action.place == "everywhere" else screen)

    def _leave_on_signals(self) -> None:
        """End cleanly, with the terminal restored, when the terminal closes or somebody terminates us."""
        end_with_terminal()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.exit)


def _said(picture: Picture) -> list[tuple[object, ...]]:
    """What happened to the runs and what people said of them, which is drawn at once however slow the link is."""
    return [(r.id, r.status, r.name, r.tags, r.note, r.archived, r.order) for r in picture.snapshot.runs]


def _as_place(name: str) -> Place:
    return next(place for place in get_args(Place) if place == name)
