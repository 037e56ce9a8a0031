"""The Live screen: the runs that train now, line by line and curve by curve."""

import time
from dataclasses import replace
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.events import Resize
from textual.geometry import Size
from textual.widgets import Static

from moetui.core.catalogue.records import RunRecord
from moetui.core.queue import edit, pausing
from moetui.tui.bindings import bindings
from moetui.tui.changes import Task
from moetui.tui.curves.board import BESIDE, Beside, board_of
from moetui.tui.curves.grid import CurveGrid
from moetui.tui.curves.keys import ChartKeys
from moetui.tui.dialogs.confirm import Confirm
from moetui.tui.feed import Picture
from moetui.tui.hosts.opening import HostsKey
from moetui.tui.live.beside import WIDE, BesidePane, beside_text
from moetui.tui.live.lineup import ROOM, study_of
from moetui.tui.live.run_list import HEAD, RunList
from moetui.tui.live.view import Choice, View, caption, entries, look
from moetui.tui.live.wording import instead_of_runs
from moetui.tui.place import PlaceScreen
from moetui.tui.run.log import LogView
from moetui.tui.run.stopping import paused_note, stop_question, stopped_note
from moetui.tui.widgets.run_slots import drawable

BESIDE_SECONDS = 2.0
"""Least time between two readings of what stands beside the charts of a run that goes on."""


class LiveScreen(ChartKeys, HostsKey, PlaceScreen):
    """The list of runs over their charts. It follows the newest launch until the user chooses runs."""

    place = "live"
    pending_only = True
    BINDINGS: ClassVar[list[BindingType]] = bindings("live")
    CSS = """
    LiveScreen > #nothing { display: none; height: 1fr; content-align: center middle; padding: 0 2; color: $text-muted; }
    LiveScreen.-nothing > #nothing { display: block; }
    LiveScreen.-nothing > RunList, LiveScreen.-nothing > #charts { display: none; }
    LiveScreen > #charts { height: 1fr; }
    LiveScreen CurveGrid { width: 1fr; }
    LiveScreen.-beside BesidePane { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._asked_for: tuple[str, ...] = ()
        self._choice = Choice()
        self._view = View()
        self._steered = False
        self._told: tuple[object, ...] = ()
        self._told_at = 0.0

    def compose_body(self) -> ComposeResult:
        """List, charts, and what stands in their place while there are no runs."""
        yield RunList()
        with Horizontal(id="charts"):
            yield CurveGrid(charset=self.laboratory.charset, kept=board_of(self.laboratory.lab))
            yield BesidePane()
        yield Static(id="nothing")

    def show_picture(self, picture: Picture) -> None:
        """Draw the picture; the layout changes only with the number of runs."""
        if self.laboratory.watch_ids != self._asked_for:
            self._asked_for = self.laboratory.watch_ids
            self._choice = replace(self._choice, given=self._asked_for, charted=None, first=None)
        view = self._view = look(picture, self._choice, self._view.slots or {}, by_group=self._by_group)
        if not view.listed:
            self.query_one("#nothing", Static).update(
                Text(instead_of_runs(picture, given=bool(self._choice.given)), justify="center")
            )
        self.set_class(not view.listed, "-nothing")
        self._fit_list()
        runs = self.query_one(RunList)
        runs.show(caption(view, self._choice), entries(view, picture, self._choice))
        if not self._steered:
            self._reveal_newest(runs)
        self.grid.show(
            view.charted,
            picture.curves,
            slots=view.slots or {},
            backgrounds=picture.backgrounds,
            every=picture.snapshot.runs,
            focus=runs.current.id if runs.current and self._steered else "",
            pinned=self._choice.pinned,
        )
        watched = {run.id for run in view.listed if run.live} | {run.id for run in view.charted}
        self.laboratory.feed.watch(watched, in_view=[run.id for run in runs.in_view])
        self._tell_beside()

    def on_resize(self, event: Resize) -> None:
        """Give the list its share of the new height, and the charts what stands beside them."""
        self._fit_list()
        self.call_after_refresh(self._tell_beside)

    def action_cursor(self, step: int) -> None:
        """Move to another run."""
        self.query_one(RunList).move(step)
        self._steer()

    @on(RunList.Moved)
    def _steer(self) -> None:
        """Bring the run under the cursor to the front; from now on the list scrolls with the cursor only."""
        self._steered = True
        self.show_picture(self.laboratory.picture)

    def action_page(self, step: int) -> None:
        """Move by as many runs as the list shows."""
        self.action_cursor(step * max(self.query_one(RunList).size.height - HEAD, 1))

    def action_toggle_run(self) -> None:
        """Put the run on the charts or take it off."""
        run = self.query_one(RunList).current
        if run is None:
            return
        charted = [shown.id for shown in self._view.charted]
        if run.id in charted:
            charted.remove(run.id)
        elif run not in drawable([*self._view.charted, run], by_group=self._by_group):
            self.notify(
                f"{ROOM} {self._told_apart} are on the charts; take one off first (space)",
                severity="warning",
                markup=False,
            )
            return
        else:
            charted.append(run.id)
        self._choose(replace(self._choice, charted=tuple(charted), first=self._view.first))

    def action_study(self) -> None:
        """Chart the whole study."""
        run = self.query_one(RunList).current
        if run is None:
            return
        study = study_of(run, self._view.groups)
        drawn = len(drawable(study, by_group=self._by_group))
        if len(study) > drawn:
            self.notify(f"{len(study)} runs; the first {drawn} are charted", markup=False)
        self._choose(replace(self._choice, charted=tuple(one.id for one in study), first=None))

    def action_pin(self) -> None:
        """Keep the run on the charts, or no longer."""
        run = self.query_one(RunList).current
        if run is None:
            return
        pinned = self._choice.pinned
        if run.id not in pinned and len(pinned) >= ROOM:
            self.notify(f"{ROOM} runs are pinned; unpin one first (p)", severity="warning", markup=False)
            return
        choice = replace(self._choice, pinned=pinned ^ {run.id}, hidden=self._choice.hidden - {run.id})
        self._choose(replace(choice, first=self._view.first))

    def action_hide(self) -> None:
        """Keep the run off the charts, or no longer."""
        run = self.query_one(RunList).current
        if run is not None:
            choice, first = self._choice, self._view.first
            self._choose(replace(choice, hidden=choice.hidden ^ {run.id}, pinned=choice.pinned - {run.id}, first=first))

    def action_follow(self) -> None:
        """Follow the newest of the listed runs; if that is so already, list all runs."""
        self._steered = False
        given = () if self._choice.charted is None else self._choice.given
        self._choose(replace(self._choice, given=given, charted=None, first=None))
        live = next((run.id for run in self._view.listed if run.live), "")
        self.query_one(RunList).point_at(live)

    def action_beside(self) -> None:
        """Show the facts of the run beside the charts, then the end of its log, then nothing."""
        kept = board_of(self.laboratory.lab)
        board = kept.read()
        beside = BESIDE[(BESIDE.index(board.beside) + 1) % len(BESIDE)]
        kept.keep(board.model_copy(update={"beside": beside}))
        if beside and self.size.width < WIDE:
            said = f"there is room for it beside the charts from {WIDE} columns on; here are {self.size.width}"
            self.notify(said, severity="warning", markup=False)
        self._tell_beside()

    def _tell_beside(self) -> None:
        """Read what stands beside the charts, if that is wanted and there is room; of the same run only now and then."""
        run, beside = self.query_one(RunList).current, board_of(self.laboratory.lab).read().beside
        wanted = bool(beside) and run is not None and self.size.width >= WIDE
        if self.has_class("-beside") != wanted:
            self.set_class(wanted, "-beside")
            self.call_after_refresh(self._tell_beside)  # when the pane has its size
        elif run is not None and wanted and (size := self.query_one(BesidePane).content_size):
            about = (run.id, run.status, beside, size)
            if about != self._told or (run.live and time.monotonic() - self._told_at >= BESIDE_SECONDS):
                self._told, self._told_at = about, time.monotonic()
                self._read_beside(run, beside, size)

    @work(thread=True, exclusive=True, group="beside", exit_on_error=False, description="read about a run")
    def _read_beside(self, run: RunRecord, beside: Beside, size: Size) -> None:
        text = beside_text(self.laboratory.lab, run, beside, size.width, size.height)
        self.app.call_from_thread(self.query_one(BesidePane).show, text)

    async def action_log(self) -> None:
        """Show the end of the run's log."""
        run = self.query_one(RunList).current
        if run is not None:
            await self.app.push_screen(LogView(run))

    async def action_stop(self) -> None:
        """Ask, then stop the run, or kill it if it was asked to stop before."""
        run, lab = self.query_one(RunList).current, self.laboratory.lab
        if run is None:
            return
        if not run.pending:
            self.notify(f"{run.name} has ended already: {run.status}", markup=False)
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._change(lambda: stopped_note(run, edit.stop(lab, run)))

        await self.app.push_screen(Confirm(stop_question(run)), answered)

    def action_pause(self) -> None:
        """Pause the run, or release one that waits to be released."""
        run, lab = self.query_one(RunList).current, self.laboratory.lab
        if run is not None:
            change = pausing.release if run.waiting else pausing.pause
            self._change(lambda: paused_note(change(lab, run)))

    @work(group="queue", exit_on_error=False, description="change a run")
    async def _change(self, task: Task) -> None:
        """Do the task in its turn, and say what it says or why it could not be done."""
        outcome = await self.changes.do(task)
        self.notify(outcome.said, severity="error" if outcome.failed else "information", markup=False)
        self.laboratory.refresh_picture()

    def action_colour(self) -> None:
        """Runs, groups or bands; another number of runs has room then."""
        super().action_colour()
        self.show_picture(self.laboratory.picture)

    @property
    def _by_group(self) -> bool:
        return board_of(self.laboratory.lab).read().by_group

    @property
    def _told_apart(self) -> str:
        return "groups" if self._by_group else "runs"

    def _choose(self, choice: Choice) -> None:
        self._choice = choice
        self.show_picture(self.laboratory.picture)

    def _fit_list(self) -> None:
        """As many lines as there are runs, but never more than a quarter of the screen."""
        most = max(3, (self.size.height - 2) // 4)
        height = HEAD + min(len(self._view.listed), most)
        runs = self.query_one(RunList)
        if runs.styles.height is None or runs.styles.height.value != height:
            runs.styles.height = height

    def _reveal_newest(self, runs: RunList) -> None:
        """Show the line of the run that started last; the cursor stays where it is."""
        started = [run for run in self._view.charted if not run.waiting]
        if started:
            runs.reveal(started[-1].id)
