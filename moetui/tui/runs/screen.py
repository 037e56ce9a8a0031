"""Runs: everything recorded, published results too; find, group, compare, label, repeat and delete."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input, Static

from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import LabError
from moetui.core.query.filtering import understood
from moetui.core.queue import edit
from moetui.tui.bindings import bindings
from moetui.tui.dialogs.confirm import Confirm
from moetui.tui.dialogs.pick import Choice, Pick
from moetui.tui.feed import Picture
from moetui.tui.hosts.opening import HostsKey
from moetui.tui.run import wording
from moetui.tui.run.desk import DeskScreen
from moetui.tui.run.live_scores import with_latest_scores
from moetui.tui.run.page import RunPage
from moetui.tui.runs.keys import every_key
from moetui.tui.runs.marks import Marks
from moetui.tui.runs.memory import remember_view, remembered_view
from moetui.tui.runs.missing import MissingRuns
from moetui.tui.widgets.columns import Column
from moetui.tui.widgets.line import Line
from moetui.tui.widgets.listing import Listing, Order, RunIndex, View
from moetui.tui.widgets.run_table import RunTable
from moetui.tui.widgets.table_keys import TableKeys

GROUPINGS = ("preset", "study", "group")


class RunsScreen(HostsKey, DeskScreen, TableKeys):
    """The list of all runs with its filter, the current run below; long, as every key of the screen is a method here."""

    place = "runs"
    AUTO_FOCUS = ""  # the keys of the screen, not the filter's, until the filter is opened
    BINDINGS: ClassVar[list[BindingType]] = bindings("runs")
    DEFAULT_CSS = """
    RunsScreen > Static { height: 1; padding: 0 1; }
    RunsScreen > Line { display: none; }
    RunsScreen > Line.open { display: block; }
    RunsScreen > RunTable { height: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._view = View()
        self._marks, self._other_marks = Marks(), Marks()  # of the list that is shown, and of the other: runs or trash
        self._trash = False
        self._deleted: list[tuple[RunRecord, ...]] = []
        self._index = RunIndex(())
        self._indexed: Picture | None = None  # None: the index holds the trash
        self._listing = False
        self._asked = False
        self._from_top = False
        self._fault = self._filter_fault = ""
        self._missing = MissingRuns()

    def compose_body(self) -> ComposeResult:
        """Caption, filter, table, and what the columns have no room for; in the way that was left in this workspace."""
        self._view = remembered_view(self.laboratory.lab.workspace.root)
        yield Static(id="caption")
        yield Line(
            entered=lambda typed: self._close_filter(), placeholder="words, status:finished, lr>=0.05, warmup=0.1 …"
        )
        yield RunTable()
        yield Static(id="about")

    @property
    def current_run(self) -> RunRecord | None:
        """The run under the cursor."""
        return self.query_one(RunTable).current

    @property
    def chosen(self) -> Sequence[RunRecord]:
        """The marked runs in the order of their marks, or else the one under the cursor, or those of the group there."""
        marked = [self._index.by_id[run_id] for run_id in self._marks.all if run_id in self._index.by_id]
        table = self.query_one(RunTable)
        under = table.group.runs if table.current is None and table.group is not None else (table.current,)
        return marked or [run for run in under if run is not None]

    @property
    def columns(self) -> Sequence[Column]:
        """The columns of the table."""
        return self.query_one(RunTable).listing.columns

    def show_picture(self, picture: Picture) -> None:
        """List what the laboratory holds now; a fault of the catalogue keeps the last good list."""
        self.laboratory.feed.watch(run.id for run in picture.snapshot.pending)
        self._list()

    def _see(self, *, from_top: bool = False, **changes: object) -> None:
        """Change what is shown and how, list anew, and keep it for the next session."""
        self._view = replace(self._view, **changes)  # type: ignore[arg-type]  # the fields of View
        self._list(from_top=from_top)

    def _list(self, *, from_top: bool = False) -> None:
        """List anew. While a list is being made this waits for it, so that no list overtakes a newer one."""
        self._from_top = self._from_top or from_top
        self._asked = self._listing
        if not self._listing:
            self._listing = True
            self._make_list(self.laboratory.picture, self._view)

    # Without a description Textual makes one of the arguments: 600 ms for the words of ten thousand runs.
    @work(thread=True, group="list", exit_on_error=False, description="list the runs")
    def _make_list(self, picture: Picture, view: View) -> None:
        """Filter, sort and group in a thread: ten thousand runs take longer than a key press may."""
        index, trash, fault = self._index, self._trash, picture.error
        try:
            if trash:
                index = RunIndex(self.laboratory.lab.records(deleted=True))
            elif picture is not self._indexed:
                index = RunIndex(with_latest_scores(picture.snapshot.runs, picture.curves), self._index)
        except (LabError, OSError) as error:
            index, fault = self._index if self._indexed is None else RunIndex(()), str(error)
        view = replace(view, archived=view.archived or trash)
        listing = index.listing(view, self._missing.among(self.laboratory.lab, index.runs))
        self.app.call_from_thread(self._show, index, None if trash else picture, listing, fault)
        index.read_ahead()

    def break_down(self, sentence: str) -> None:
        """Tell a fault; what was at work has broken off, and may be asked for again."""
        self._listing = False
        super().break_down(sentence)

    def _show(self, index: RunIndex, indexed: Picture | None, listing: Listing, fault: str) -> None:
        self._index, self._indexed, self._fault = index, indexed, fault
        table = self.query_one(RunTable)
        read = indexed is None or bool(indexed.snapshot.taken)
        empty = wording.empty_text(listing, trash=self._trash) if read and not fault else ""
        table.show(listing, empty=empty, from_top=self._from_top)
        self._from_top = self._listing = False
        if not fault and self._trash == (indexed is None):  # else they may be those of the other list
            self._marks.keep(index.by_id)
        table.mark(self._marks.all)
        self._say()
        if self._asked:
            self._list()

    def _say(self) -> None:
        table = self.query_one(RunTable)
        shown = {run.id for run in table.listing.runs} if self._marks else set()
        hidden = sum(run_id not in shown for run_id in self._marks.all)
        line = (
            wording.filter_fault(self._filter_fault)
            if self._filter_fault
            else wording.caption(table.listing, marked=len(self._marks), hidden=hidden, trash=self._trash)
        )
        self.query_one("#caption", Static).update(line, layout=False)
        about = Text()
        if self._fault:
            about = wording.fault_line(self._fault, self.laboratory.lab.workspace.runs_json)
        elif run := table.current:
            about = wording.about(run)
        elif group := table.group:
            about = wording.group_about(group)
        self.query_one("#about", Static).update(about, layout=False)

    @on(RunTable.Moved)
    def _moved(self) -> None:
        self._say()

    def action_sort(self, step: int) -> None:
        """Sort by the next column; after the last comes the order of creation."""
        keys = ["", *self._view.columns]
        here = keys.index(self._view.order.key) if self._view.order and self._view.order.key in keys else 0
        self._sort(keys[(here + step) % len(keys)])

    async def action_sort_by(self) -> None:
        """Ask what to sort by."""
        await self._pick("Sort by", [Choice("", "newest first"), *every_key()], self._sort)

    def _sort(self, key: str) -> None:
        self._see(order=Order(key) if key else None)
        self._keep()

    def action_reverse(self) -> None:
        """Turn the order around."""
        if (order := self._view.order) is not None:
            self._see(order=replace(order, descending=not order.descending))
            self._keep()

    async def action_group_by(self) -> None:
        """Ask what to group by."""
        first = [Choice("", "no groups"), *(Choice(key, _GROUP_WORDS.get(key, key)) for key in GROUPINGS)]
        rest = [choice for choice in every_key() if choice.key not in GROUPINGS]
        await self._pick("Group by", [*first, *rest], self._group)

    def _group(self, key: str) -> None:
        self._see(group=key, folded=frozenset(), from_top=True)
        self._keep()

    def action_fold(self) -> None:
        """Fold the group under the cursor, or open it; a folded one gets the cursor."""
        table = self.query_one(RunTable)
        if (group := table.group) is not None:
            table.go_to(group.id)
            self._see(folded=self._view.folded ^ {group.id})

    def action_fold_all(self) -> None:
        """Fold all groups, or open all."""
        table = self.query_one(RunTable)
        if self._view.group:
            if (group := table.group) is not None:
                table.go_to(group.id)
            ids = frozenset(line.id for line in table.listing.lines if not isinstance(line, RunRecord))
            self._see(folded=frozenset() if self._view.folded >= ids else ids)

    async def action_columns(self) -> None:
        """Ask for the columns."""

        def picked(keys: tuple[str, ...] | None) -> None:
            if keys is not None:
                self._see(columns=keys or View().columns)
                self._keep()

        await self.app.push_screen(Pick("Columns beside the name", every_key(), self._view.columns), picked)

    def action_skip(self, columns: int) -> None:
        """Show columns further to the side."""
        self.query_one(RunTable).skip(columns)

    def action_differing(self) -> None:
        """Show only in what the runs differ, or all columns again."""
        self._see(differing=not self._view.differing)
        self._keep()

    def action_archived(self) -> None:
        """Show archived runs as well, or no longer."""
        self._see(archived=not self._view.archived)
        self._keep()

    async def _pick(self, title: str, choices: Sequence[Choice], act: Callable[[str], None]) -> None:
        def picked(keys: tuple[str, ...] | None) -> None:
            if keys:
                act(keys[0])

        await self.app.push_screen(Pick(title, choices), picked)

    def _keep(self) -> None:
        try:
            remember_view(self.laboratory.lab.workspace.root, self._view)
        except OSError as error:
            self.notify(f"not kept for the next session: {error}", severity="warning", markup=False)

    def action_filter(self) -> None:
        """Open the filter."""
        line = self.query_one(Line)
        line.add_class("open")
        self.set_focus(line)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        query, self._filter_fault = understood(event.value)
        self._see(query=query, from_top=True)

    def action_back(self) -> None:
        """Close the filter and clear it, or take the marks away."""
        line = self.query_one(Line)
        if line.value or line.has_focus:
            line.value = ""
            self._close_filter()
        else:
            self.action_clear()

    def _close_filter(self) -> None:
        self.query_one(Line).remove_class("open")
        self.set_focus(None)

    @on(RunTable.Opened)
    async def _opened(self) -> None:
        await self.action_open()

    async def action_open(self) -> None:
        """Open the page of the run under the cursor, or fold the group there."""
        if (run := self.current_run) is not None:
            await self.app.push_screen(RunPage([run], self._marks.slots))
        else:
            self.action_fold()

    async def action_overlay(self) -> None:
        """Overlay the curves of the marked runs, in the colours and with the markers that they have here."""
        if runs := list(self.chosen):
            await self.app.push_screen(RunPage(runs, self._marks.slots, overlay=True))

    async def action_diff(self) -> None:
        """Show the configurations of the marked runs side by side."""
        runs = list(self.chosen)
        if len(runs) > 1:
            await self.app.push_screen(RunPage(runs, self._marks.slots, section="config"))
        else:
            self.notify("Mark two or more runs (space) to see in what they differ.", severity="warning", markup=False)

    def action_compare(self) -> None:
        """Judge the marked runs on the Compare screen."""
        if len(self._marks):
            self.laboratory.compare_runs(self._marks.all)
        else:
            self.notify("Mark runs first (space); 4 compares whole studies.", markup=False)

    def action_mark(self) -> None:
        """Mark the run under the cursor, or unmark it, and go to the next; on a group's line all its runs."""
        table = self.query_one(RunTable)
        if (run := table.current) is not None:
            self._mark([run])
            self.action_cursor(1)
        elif table.group is not None:
            self._mark(table.group.runs)

    def action_mark_all(self) -> None:
        """Mark every run that the filter lets through, or unmark them."""
        self._mark(self.query_one(RunTable).listing.runs)

    def _mark(self, runs: Sequence[RunRecord]) -> None:
        self._marks.toggle(run.id for run in runs)
        self.query_one(RunTable).mark(self._marks.all)
        self._say()

    def action_clear(self) -> None:
        """Unmark all."""
        self._marks.clear()
        self.query_one(RunTable).mark({})
        self._say()

    def action_trash(self) -> None:
        """List the deleted runs, or the others again."""
        self._trash = not self._trash
        self._marks, self._other_marks = self._other_marks, self._marks
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
        done = edit.delete_all(self.laboratory.lab, runs)
        if done.runs:
            self._deleted.append(done.runs)
        if done.faults:
            raise LabError(
                "\n".join((f"deleted {wording.these(done.runs)}; u brings back",) * bool(done.runs) + done.faults[:3])
            )
        return f"deleted {wording.these(done.runs)}; u brings back"

    def _restore(self, runs: Sequence[RunRecord]) -> str:
        done = edit.restore_all(self.laboratory.lab, runs)
        back = {run.id for run in done.runs}
        self._deleted = [left for some in self._deleted if (left := tuple(one for one in some if one.id not in back))]
        if done.faults:
            raise LabError("; ".join(done.faults[:3]))
        return f"restored {wording.these(done.runs)}"

    def after_change(self) -> None:
        """Read again; the trash is not part of the picture, so it is listed anew by itself."""
        super().after_change()
        if self._trash:
            self._list()


_GROUP_WORDS = {"group": "setting: the configuration apart from its seed"}
