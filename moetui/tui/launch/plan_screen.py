"""The Launch screen as far as it draws: the plan, what it amounts to, and the line below the lists."""

from rich.text import Text
from textual import work
from textual.widgets import Static

from moetui.core.errors import LabError
from moetui.core.machine.devices import Device, devices
from moetui.core.planning.plan import PlannedRun
from moetui.core.planning.presets import Library
from moetui.core.studies.progress import Member
from moetui.tui.bill import Bill, bill
from moetui.tui.feed import Picture
from moetui.tui.launch import lists, summary
from moetui.tui.launch.appraisal import Appraisal, appraise
from moetui.tui.launch.card import Card, Words
from moetui.tui.launch.desk import Desk
from moetui.tui.launch.form_rows import edits_line
from moetui.tui.launch.plan_view import PlanView
from moetui.tui.launch.tick_list import TickList
from moetui.tui.place import PlaceScreen

LIST_ROWS = ((34, 9), (20, 5), (0, 3))
"""Rows of a screen from which on a list has so many values in sight."""

LEAST_ROWS = 3
"""Values that a list has room for in any case: more may be typed."""


class PlanScreen(PlaceScreen):
    """Keeps the plan on the desk and what was found out about it, and draws both."""

    def __init__(self) -> None:
        super().__init__()
        self._desk = Desk(Library({}))
        self._shown = False  # until the first picture is on the screen, and the plan is drawn
        self._devices: tuple[Device, ...] = ()
        self._appraisal = Appraisal()
        self._appraising = False

    @work(thread=True, exit_on_error=False, description="find devices")
    def _find_devices(self) -> None:
        self.app.call_from_thread(self._take_devices, tuple(devices()))

    def _take_devices(self, found: tuple[Device, ...]) -> None:
        self._devices = found
        self._show_amounts()

    def _show_plan(self, *, fresh: bool = False) -> None:
        if not self._shown:
            return
        desk = self._desk
        if desk.preset:
            runs = desk.outlook.runs or desk.ground.own
            source = summary.source_text(desk.preset, runs, offline=desk.offline, scale=desk.scale)
            self.query_one(Card).words = Words(desk.preset.title, desk.preset.about, source)
        shown = lists.rows(desk)
        for name, rows in shown.items():
            self.query_one(f"#{name}", TickList).show(rows, fresh=fresh)
        self._fit_lists(max(map(len, shown.values())))
        self._say("")
        self._show_amounts()

    def _show_execution(self, fault: str) -> None:
        """The plan as it is executed now, and why not as it was wanted."""
        if fault:
            self.notify(fault, severity="warning", markup=False)
        self._show_plan()

    def action_coordinates(self) -> None:
        """Check at several widths whether the learning rate of the first planned run may transfer."""
        from moetui.tui.launch.coordinates import Coordinates  # its chart would hold up the first picture

        runs = self._desk.outlook.runs
        if runs:
            lab, charset = self.laboratory.lab, self.laboratory.charset
            self.app.push_screen(Coordinates(lab, runs[0].name, runs[0].config, charset))
        else:
            self.notify("Nothing is planned.", severity="warning", markup=False)

    def _fit_lists(self, longest: int) -> None:
        """Give the lists the rows that they fill, as far as there is room; all others are the chart's."""
        most = next(rows for height, rows in LIST_ROWS if self.size.height >= height)
        height = 1 + min(max(longest, LEAST_ROWS), most)
        rows = self.query_one("#lists")
        if rows.styles.height is None or rows.styles.height.value != height:
            rows.styles.height = height

    def _show_amounts(self) -> None:
        """What is planned, with what is known of it by now; the rest is found out in a thread."""
        if not self._shown:
            return
        runs = self._desk.outlook.runs
        known = self._appraisal if runs and self._appraisal.runs is runs else None
        cost = self._bill(known.due(reuse=self._desk.reuse) if known else runs) if runs and self._devices else None
        pending = len(self.laboratory.picture.snapshot.pending)
        self.query_one(PlanView).show(self._desk, known, cost, pending=pending)
        if runs and known is None and not self._appraising:
            self._appraising = True
            self._appraise(self._desk.library, runs, self.laboratory.picture)

    @work(thread=True, group="appraise", exit_on_error=False, description="appraise the plan")
    def _appraise(self, library: Library, runs: tuple[PlannedRun, ...], picture: Picture) -> None:
        found = Appraisal(runs, tuple(Member(run, None) for run in runs))  # nothing of it is known to be here
        try:
            found = appraise(self.laboratory.lab, library, runs, picture.snapshot.runs)
        except LabError as error:
            self.app.call_from_thread(self._say, str(error), fault=True)
        finally:
            self.app.call_from_thread(self._take_appraisal, found)

    def _take_appraisal(self, found: Appraisal) -> None:
        self._appraising = False
        self._appraisal = found
        self._show_amounts()

    def _appraised_now(self) -> Appraisal:
        """The appraisal of the present plan, made here and now if the thread is not done with it."""
        runs = self._desk.outlook.runs
        if self._appraisal.runs is not runs:
            records = self.laboratory.picture.snapshot.runs
            self._appraisal = appraise(self.laboratory.lab, self._desk.library, runs, records)
        return self._appraisal

    def _bill(self, due: tuple[PlannedRun, ...]) -> Bill:
        records = self.laboratory.picture.snapshot.runs
        return bill(due, records, self._devices, like=self._desk.outlook.runs)

    def _say(self, words: str, *, fault: bool = False) -> None:
        """The line below the lists: what to type, what is wrong with it, or else what was changed by hand."""
        text = Text(words, style="bold red" if fault else "dim", no_wrap=True, overflow="ellipsis")
        changed = edits_line(self._desk.ground.settings, self._desk.ground.axes)
        if not words and changed:
            text = Text("set ", style="dim", no_wrap=True, overflow="ellipsis")
            text.append(changed, style="bold not dim")
        self.query_one("#note", Static).update(text, layout=False)
