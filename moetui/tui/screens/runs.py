"""Runs: everything recorded, published results too; find, compare, label and delete."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input, Static

from moetui.core import shelf
from moetui.core.records import RunRecord
from moetui.tui.actions import bindings
from moetui.tui.feed import Picture
from moetui.tui.runs import wording
from moetui.tui.runs.desk import DeskScreen
from moetui.tui.runs.live_scores import with_latest_scores
from moetui.tui.screens.confirm import Confirm
from moetui.tui.screens.run_page import RunPage
from moetui.tui.widgets.listing import Listing, Order, list_runs
from moetui.tui.widgets.run_columns import COLUMNS
from moetui.tui.widgets.run_table import RunTable

ROOM = 8
"""Runs that can be marked, as many as the palette has colours."""


class RunsScreen(DeskScreen):
    """The list of all runs with its filter, a caption above and the run under the cursor below."""

    place = "runs"
    AUTO_FOCUS = ""  # the keys of the screen, not the filter's, until the filter is opened
    BINDINGS: ClassVar[list[BindingType]] = bindings("runs")
    DEFAULT_CSS = """
    RunsScreen > Static { height: 1; padding: 0 1; }
    RunsScreen > Input { display: none; }
    RunsScreen > Input.open { display: block; }
    RunsScreen > RunTable { height: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._order: Order | None = None
        self._query = ""
        self._marks: dict[str, int] = {}
        self._trash = False
        self._deleted: list[RunRecord] = []

    def compose_body(self) -> ComposeResult:
        """Caption, filter, table, and what the columns have no room for."""
        yield Static(id="caption")
        yield Input(placeholder="words, status:finished, lr>=0.05 …", compact=True, id="filter")
        yield RunTable(COLUMNS)
        yield Static(id="about")

    @property
    def current_run(self) -> RunRecord | None:
        """The run under the cursor."""
        return self.query_one(RunTable).current

    @property
    def chosen(self) -> Sequence[RunRecord]:
        """The marked runs, or else the one under the cursor."""
        marked = [run for run in self.query_one(RunTable).listing.runs if run.id in self._marks]
        return marked or [run for run in (self.current_run,) if run is not None]

    def show_picture(self, picture: Picture) -> None:
        """List what the laboratory holds now; a fault of the catalogue keeps the last good list."""
        if picture.error:
            self.query_one("#about", Static).update(
                wording.fault_line(picture.error, self.laboratory.lab.workspace.runs_json)
            )
        self.laboratory.feed.watch(run.id for run in picture.snapshot.pending)
        self._list(picture)

    @work(thread=True, exclusive=True, group="list", exit_on_error=False)
    def _list(self, picture: Picture, *, from_top: bool = False) -> None:
        """Filter and sort in a thread: ten thousand runs take longer than a key press may."""
        runs: Sequence[RunRecord] = with_latest_scores(picture.snapshot.runs, picture.curves)
        if self._trash:
            runs = self.laboratory.lab.records(deleted=True)
        listing = list_runs(runs, COLUMNS, order=self._order, query=self._query)
        self.app.call_from_thread(self._show, listing, from_top)

    def _show(self, listing: Listing, from_top: bool) -> None:
        table = self.query_one(RunTable)
        table.show(listing, empty=wording.empty_text(listing, trash=self._trash), from_top=from_top)
        self._marks = {run_id: slot for run_id, slot in self._marks.items() if run_id in listing.rows}
        table.mark(self._marks)
        self._say()

    def _say(self) -> None:
        listing = self.query_one(RunTable).listing
        line = wording.caption(listing, COLUMNS, marked=len(self._marks), trash=self._trash)
        self.query_one("#caption", Static).update(line)
        run = self.current_run
        if not self.laboratory.picture.error:
            self.query_one("#about", Static).update(wording.about(run) if run else "")

    def _again(self, *, from_top: bool = False) -> None:
        self._list(self.laboratory.picture, from_top=from_top)

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
        self._again()

    def action_reverse(self) -> None:
        """Turn the order around."""
        if self._order is not None:
            self._order = replace(self._order, descending=not self._order.descending)
            self._again()

    def action_filter(self) -> None:
        """Open the filter."""
        line = self.query_one(Input)
        line.add_class("open")
        line.focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._query = event.value
        self._again(from_top=True)

    @on(Input.Submitted)
    def _entered(self) -> None:
        self._close_filter()

    def action_back(self) -> None:
        """Close the filter and clear it, or take the marks away."""
        if self._query or self.query_one(Input).has_focus:
            self.query_one(Input).value = ""
            self._close_filter()
        else:
            self.action_clear()

    def _close_filter(self) -> None:
        self.query_one(Input).remove_class("open")
        self.set_focus(None)

    def action_open(self) -> None:
        """Open the page of the run under the cursor."""
        if (run := self.current_run) is not None:
            self.app.push_screen(RunPage([run]))

    def action_overlay(self) -> None:
        """Overlay the curves of the marked runs."""
        if runs := self.chosen:
            self.app.push_screen(RunPage(runs[:ROOM]))

    def action_mark(self) -> None:
        """Mark the run under the cursor, or unmark it, and go to the next."""
        run = self.current_run
        if run is None:
            return
        if run.id in self._marks:
            del self._marks[run.id]
        elif len(self._marks) >= ROOM:
            self.notify(f"{ROOM} runs are marked; unmark one first (space)", severity="warning", markup=False)
            return
        else:
            self._marks[run.id] = min(set(range(ROOM)) - set(self._marks.values()))
        self.query_one(RunTable).mark(self._marks)
        self.action_cursor(1)
        self._say()

    def action_clear(self) -> None:
        """Unmark all."""
        self._marks = {}
        self.query_one(RunTable).mark({})
        self._say()

    def action_trash(self) -> None:
        """List the deleted runs, or the others again."""
        self._trash = not self._trash
        self._again(from_top=True)

    def action_delete(self) -> None:
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

        self.app.push_screen(Confirm(wording.delete_question(runs)), answered)

    def action_undo(self) -> None:
        """Bring back what was deleted last, or the chosen runs of the trash."""
        runs = list(self.chosen) if self._trash else self._deleted
        if runs:
            self.change(partial(self._restore, runs))
        else:
            self.notify("Nothing was deleted; T lists what is in the trash.", markup=False)

    def _delete(self, runs: Sequence[RunRecord]) -> str:
        self._deleted = [shelf.delete(self.laboratory.lab, run) for run in runs]
        return f"deleted {_these(runs)}; u brings back"

    def _restore(self, runs: Sequence[RunRecord]) -> str:
        for run in runs:
            shelf.restore(self.laboratory.lab, run)
        self._deleted = []
        return f"restored {_these(runs)}"

    def after_change(self) -> None:
        """Read again; the trash is not part of the picture, so it is listed anew by itself."""
        super().after_change()
        if self._trash:
            self._again()


def _these(runs: Sequence[RunRecord]) -> str:
    return runs[0].name if len(runs) == 1 else f"{len(runs)} runs"
