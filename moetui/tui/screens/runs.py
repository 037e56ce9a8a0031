"""Runs: everything recorded, published results too; find, compare, label and delete."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input, Static

from moetui.core import shelf
from moetui.core.errors import LabError
from moetui.core.records import RunRecord
from moetui.tui.actions import bindings
from moetui.tui.feed import Picture
from moetui.tui.runs import wording
from moetui.tui.runs.desk import DeskScreen
from moetui.tui.runs.live_scores import with_latest_scores
from moetui.tui.runs.marks import ROOM, Marks
from moetui.tui.screens.confirm import Confirm
from moetui.tui.screens.run_page import RunPage
from moetui.tui.widgets.listing import Listing, Order, RunIndex
from moetui.tui.widgets.run_columns import COLUMNS
from moetui.tui.widgets.run_table import RunTable


class FilterLine(Input):
    """The line to type the filter in. Enter leaves it at once, so that the next key is the screen's."""

    async def action_submit(self) -> None:
        """Leave the line."""
        await super().action_submit()
        self.screen.set_focus(None)


class RunsScreen(DeskScreen):
    """The list of all runs with its filter, a caption above and the run under the cursor below."""

    place = "runs"
    AUTO_FOCUS = ""  # the keys of the screen, not the filter's, until the filter is opened
    BINDINGS: ClassVar[list[BindingType]] = bindings("runs")
    DEFAULT_CSS = """
    RunsScreen > Static { height: 1; padding: 0 1; }
    RunsScreen > FilterLine { display: none; }
    RunsScreen > FilterLine.open { display: block; }
    RunsScreen > RunTable { height: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._order: Order | None = None
        self._query = ""
        self._marks = Marks()
        self._trash = False
        self._deleted: list[list[RunRecord]] = []
        self._index = RunIndex((), COLUMNS)
        self._indexed: Picture | None = None  # None: the index holds the trash
        self._listing = False
        self._asked = False
        self._from_top = False
        self._fault = ""

    def compose_body(self) -> ComposeResult:
        """Caption, filter, table, and what the columns have no room for."""
        yield Static(id="caption")
        yield FilterLine(placeholder="words, status:finished, lr>=0.05 …", compact=True, id="filter")
        yield RunTable(COLUMNS)
        yield Static(id="about")

    @property
    def current_run(self) -> RunRecord | None:
        """The run under the cursor."""
        return self.query_one(RunTable).current

    @property
    def chosen(self) -> Sequence[RunRecord]:
        """The marked runs in the order of their marks, or else the one under the cursor."""
        marked = [self._index.by_id[run_id] for run_id in self._marks.slots if run_id in self._index.by_id]
        return marked or [run for run in (self.current_run,) if run is not None]

    def show_picture(self, picture: Picture) -> None:
        """List what the laboratory holds now; a fault of the catalogue keeps the last good list."""
        self.laboratory.feed.watch(run.id for run in picture.snapshot.pending)
        self._list()

    def _list(self, *, from_top: bool = False) -> None:
        """List anew. While a list is being made this waits for it, so that no list overtakes a newer one."""
        self._from_top = self._from_top or from_top
        self._asked = self._listing
        if not self._listing:
            self._listing = True
            self._make_list(self.laboratory.picture)

    @work(thread=True, group="list", exit_on_error=False)
    def _make_list(self, picture: Picture) -> None:
        """Filter and sort in a thread: ten thousand runs take longer than a key press may."""
        index, trash, fault = self._index, self._trash, picture.error
        try:
            if trash:
                index = RunIndex(self.laboratory.lab.records(deleted=True), COLUMNS)
            elif picture is not self._indexed:
                index = RunIndex(with_latest_scores(picture.snapshot.runs, picture.curves), COLUMNS)
        except (LabError, OSError) as error:
            index, fault = self._index if self._indexed is None else RunIndex((), COLUMNS), str(error)
        listing = index.listing(order=self._order, query=self._query)
        self.app.call_from_thread(self._show, index, None if trash else picture, listing, fault)

    def _show(self, index: RunIndex, indexed: Picture | None, listing: Listing, fault: str) -> None:
        self._index, self._indexed, self._fault = index, indexed, fault
        table = self.query_one(RunTable)
        read = indexed is None or bool(indexed.snapshot.taken)
        empty = wording.empty_text(listing, trash=self._trash) if read and not fault else ""
        table.show(listing, empty=empty, from_top=self._from_top)
        self._from_top = self._listing = False
        self._marks.keep(index.by_id)
        table.mark(self._marks.slots)
        self._say()
        if self._asked:
            self._list()

    def _say(self) -> None:
        listing = self.query_one(RunTable).listing
        hidden = sum(run_id not in listing.rows for run_id in self._marks.slots)
        line = wording.caption(listing, COLUMNS, marked=len(self._marks), hidden=hidden, trash=self._trash)
        self.query_one("#caption", Static).update(line, layout=False)
        about = wording.about(run) if (run := self.current_run) else Text()
        if self._fault:
            about = wording.fault_line(self._fault, self.laboratory.lab.workspace.runs_json)
        self.query_one("#about", Static).update(about, layout=False)

    @on(RunTable.Moved)
    def _moved(self) -> None:
        self._say()

    def action_cursor(self, rows: int) -> None:
        """Move the cursor."""
        self.query_one(RunTable).move(rows)

    def action_page(self, pages: int) -> None:
        """Move the cursor by screens."""
        self.query_one(RunTable).page(pages)

    def action_row(self, row: int) -> None:
        """Go to the first or the last run."""
        self.query_one(RunTable).go(row)

    def action_sort(self, step: int) -> None:
        """Sort by the next column that fits a comparison; after the last comes the order of creation."""
        keys = [None, *(column.key for column in COLUMNS)]
        here = keys.index(self._order.key) if self._order else 0
        key = keys[(here + step) % len(keys)]
        self._order = None if key is None else Order(key)
        self._list()

    def action_reverse(self) -> None:
        """Turn the order around."""
        if self._order is not None:
            self._order = replace(self._order, descending=not self._order.descending)
            self._list()

    def action_filter(self) -> None:
        """Open the filter."""
        line = self.query_one(FilterLine)
        line.add_class("open")
        self.set_focus(line)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._query = event.value
        self._list(from_top=True)

    @on(Input.Submitted)
    def _entered(self) -> None:
        self._close_filter()

    def action_back(self) -> None:
        """Close the filter and clear it, or take the marks away."""
        line = self.query_one(FilterLine)
        if self._query or line.has_focus:
            line.value = ""
            self._close_filter()
        else:
            self.action_clear()

    def _close_filter(self) -> None:
        self.query_one(FilterLine).remove_class("open")
        self.set_focus(None)

    async def action_open(self) -> None:
        """Open the page of the run under the cursor."""
        if (run := self.current_run) is not None:
            await self.app.push_screen(RunPage([run], self._marks.slots))

    async def action_overlay(self) -> None:
        """Overlay the curves of the marked runs, in the colours and with the markers that they have here."""
        if runs := self.chosen:
            await self.app.push_screen(RunPage(runs, self._marks.slots))

    def action_compare(self) -> None:
        """Judge the marked runs on the Compare screen."""
        if len(self._marks):
            self.laboratory.compare_runs(self._marks.slots)
        else:
            self.notify("Mark runs first (space); 4 compares whole studies.", markup=False)

    def action_mark(self) -> None:
        """Mark the run under the cursor, or unmark it, and go to the next."""
        run = self.current_run
        if run is None:
            return
        if not self._marks.toggle(run.id):
            self.notify(f"{ROOM} runs are marked; unmark one first (space)", severity="warning", markup=False)
            return
        self.query_one(RunTable).mark(self._marks.slots)
        self.action_cursor(1)
        self._say()

    def action_clear(self) -> None:
        """Unmark all."""
        self._marks.clear()
        self.query_one(RunTable).mark({})
        self._say()

    def action_trash(self) -> None:
        """List the deleted runs, or the others again."""
        self._trash = not self._trash
        self._list(from_top=True)

    async def action_delete(self) -> None:
        """Move the chosen runs to the trash; several are asked for first."""
        runs = list(self.chosen)
        if self._trash or not runs:
            return
        if len(runs) == 1:
            self.change(partial(self._delete, runs))
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.change(partial(self._delete, runs))

        await self.app.push_screen(Confirm(wording.delete_question(runs)), answered)

    def action_undo(self) -> None:
        """Bring back what was deleted last, or the chosen runs of the trash."""
        if self._trash and (runs := list(self.chosen)):
            self.change(partial(self._restore, runs))
        elif self._deleted and not self._trash:
            self.change(partial(self._restore, self._deleted[-1]))
        else:
            self.notify("Nothing was deleted; T lists what is in the trash.", markup=False)

    def _delete(self, runs: Sequence[RunRecord]) -> str:
        done: list[RunRecord] = []
        try:
            for run in runs:
                done.append(shelf.delete(self.laboratory.lab, run))  # noqa: PERF401  it must survive a failure
        finally:
            if done:
                self._deleted.append(done)
        return f"deleted {_these(runs)}; u brings back"

    def _restore(self, runs: Sequence[RunRecord]) -> str:
        for run in runs:
            shelf.restore(self.laboratory.lab, run)
            self._deleted = [left for runs in self._deleted if (left := [one for one in runs if one.id != run.id])]
        return f"restored {_these(runs)}"

    def after_change(self) -> None:
        """Read again; the trash is not part of the picture, so it is listed anew by itself."""
        super().after_change()
        if self._trash:
            self._list()


def _these(runs: Sequence[RunRecord]) -> str:
    return runs[0].name if len(runs) == 1 else f"{len(runs)} runs"
