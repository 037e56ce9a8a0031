"""The Devices screen: what the machine does, which processes are at work, and what waits for them."""

import sys
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.events import Resize
from textual.widgets import Static

from engine.runfiles.jsonfile import DamagedFile
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import LabError
from moetui.core.maintenance.orphans import Orphan, reconcile
from moetui.core.queue import edit, pausing, queueing
from moetui.core.runs.lab import Snapshot
from moetui.tui.bindings import bindings
from moetui.tui.changes import Task
from moetui.tui.chart.widget import Chart
from moetui.tui.devices.gauges import gauges
from moetui.tui.devices.history import History
from moetui.tui.devices.past_charts import past_charts
from moetui.tui.devices.queue_list import QueueList
from moetui.tui.devices.watch import Look, Watch
from moetui.tui.devices.wording import orphan_line, queue_title, reconcile_question
from moetui.tui.devices.workers import worker_lines
from moetui.tui.dialogs.confirm import Confirm
from moetui.tui.feed import Picture
from moetui.tui.place import PlaceScreen
from moetui.tui.run.page import RunPage
from moetui.tui.run.stopping import stop_question, stopped_note

LOOK_SECONDS = 2.0
"""Pause between two looks at the machine while the screen is shown."""
TALL = 34
"""Rows from which on there is room for charts of the recent past."""


class DevicesScreen(PlaceScreen):
    """Devices, processes, charts of the recent past on a tall terminal, the queue, and a line on orphans."""

    place = "devices"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = bindings("devices")
    DEFAULT_CSS = """
    DevicesScreen > Static { height: auto; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    DevicesScreen > #past { height: 12; display: none; }
    DevicesScreen.-tall > #past { display: block; }
    DevicesScreen > QueueList { margin: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._watch: Watch | None = None
        self._history = History()
        self._look: Look | None = None
        self._looking = False
        self._again = False
        self._runs: tuple[RunRecord, ...] | None = None

    def compose_body(self) -> ComposeResult:
        """Gauges, processes, charts, queue, orphans."""
        yield Static(id="gauges")
        yield Static(id="workers")
        with Horizontal(id="past"):
            yield Chart(charset=self.laboratory.charset, id="used")
            yield Chart(charset=self.laboratory.charset, id="filled")
        yield Static(id="waiting")
        yield QueueList()
        yield Static(id="orphans")

    def on_mount(self) -> None:
        """Look at the machine now and then."""
        self.set_interval(LOOK_SECONDS, self._look_if_shown)

    def on_resize(self, event: Resize) -> None:
        """Show charts where there is room for them."""
        self.set_class(event.size.height >= TALL, "-tall")
        self._draw()

    def show_picture(self, picture: Picture) -> None:
        """A change of a run's state changes the queue; look at once."""
        if picture.snapshot.runs is not self._runs:
            self._runs = picture.snapshot.runs
            self._take_a_look()

    # -- looking ------------------------------------------------------------------------------------------------------

    def _look_if_shown(self) -> None:
        if self.is_current:
            self._take_a_look()

    def _take_a_look(self, *, orphans: bool = False) -> None:
        """Look in a thread; one that is asked for while another is at work follows it."""
        if self._looking:
            self._again = True
            return
        self._looking = True
        self._watch = self._watch or Watch(self.laboratory.lab)
        self._read(self._watch, self.laboratory.picture.snapshot, orphans)

    @work(thread=True, group="look", exit_on_error=False, description="look at the devices")
    def _read(self, watch: Watch, snapshot: Snapshot, orphans: bool) -> None:
        try:
            look = watch.look(snapshot, orphans=orphans)
        except (LabError, DamagedFile, OSError) as error:
            self.app.call_from_thread(self._seen, None, str(error))
        else:
            self.app.call_from_thread(self._seen, look, "")

    def break_down(self, sentence: str) -> None:
        """Tell a fault; what was at work has broken off, and may be asked for again."""
        self._looking = False
        super().break_down(sentence)

    def _seen(self, look: Look | None, fault: str) -> None:
        self._looking = False
        if look is None:
            self.query_one("#orphans", Static).update(Text(fault, "bold red"))
        else:
            self._look = look
            self._history.add(look.reading)
            self._draw()
        if self._again:
            self._again = False
            self._take_a_look()

    def _draw(self) -> None:
        look = self._look
        if look is None:
            return
        width = max(self.size.width - 2, 10)
        lines = gauges(look.reading, self._history, width, self.laboratory.charset)
        self.query_one("#gauges", Static).update(Text("\n").join(lines))
        most = max(1, (self.size.height - len(lines)) // 4)
        self.query_one("#workers", Static).update(Text("\n").join(worker_lines(look.reading, width, most)))
        if self.has_class("-tall"):
            for chart, spec in zip(self.query(Chart), past_charts(look.reading, self._history), strict=True):
                chart.show(spec)
        self.query_one("#waiting", Static).update(queue_title(look.queue))
        self.query_one(QueueList).show(look.queue)
        self.query_one("#orphans", Static).update(orphan_line(look.orphans))

    # -- actions ------------------------------------------------------------------------------------------------------

    @property
    def current(self) -> RunRecord | None:
        """The run under the cursor."""
        return self.query_one(QueueList).current

    def action_cursor(self, step: int) -> None:
        """Go to another run of the queue."""
        self.query_one(QueueList).move(step)

    def action_hold(self) -> None:
        """Hold the run back, or release it."""
        if (run := self.current) is not None:
            self._change(partial(self._hold, [run], held=run.status == "queued"))

    def action_hold_all(self) -> None:
        """Hold all that wait, or release all if all are held."""
        runs = [one.record for one in self.query_one(QueueList).queue]
        if runs:
            self._change(partial(self._hold, runs, held=any(run.status == "queued" for run in runs)))

    def action_move(self, step: int) -> None:
        """Give the run an earlier or a later place than it has, whatever the list shows yet."""
        if (run := self.current) is not None:
            self._change(partial(self._shift, run, step))

    def action_place(self, place: int) -> None:
        """Put the run in front of all others, or behind them."""
        if (run := self.current) is not None:
            self._change(partial(self._move, run, place or sys.maxsize))

    async def action_stop(self) -> None:
        """Ask, then take the run out of the queue."""
        run = self.current
        if run is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._change(partial(self._stop, run))

        await self.app.push_screen(Confirm(stop_question(run)), answered)

    async def action_open(self) -> None:
        """Open the page of the run."""
        if (run := self.current) is not None:
            await self.app.push_screen(RunPage([run], {}))

    async def action_reconcile(self) -> None:
        """Show what would be done about orphans, ask, and do it."""
        found = self._look.orphans if self._look else ()
        if not found:
            self.notify("Nothing is orphaned.", markup=False)
            self._take_a_look(orphans=True)
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._change(partial(self._reconcile, found), orphans=True)

        await self.app.push_screen(Confirm(reconcile_question(found)), answered)

    @work(group="queue", exit_on_error=False, description="change the queue")
    async def _change(self, task: Task, *, orphans: bool = False) -> None:
        """Do the task in its turn, say what it says or why it could not be done, and look again."""
        outcome = await self.changes.do(task)
        if outcome.said:
            self.notify(outcome.said, severity="error" if outcome.failed else "information", markup=False)
        self.laboratory.refresh_picture()
        if orphans:
            self._take_a_look(orphans=True)

    def _hold(self, runs: list[RunRecord], *, held: bool) -> str:
        for run in runs:
            if held and run.status == "queued":
                queueing.hold(self.laboratory.lab, run)
            elif not held and run.status != "queued":
                pausing.release(self.laboratory.lab, run)
        names = runs[0].name if len(runs) == 1 else f"{len(runs)} runs"
        return f"{'held' if held else 'released'} {names}"

    def _move(self, run: RunRecord, place: int) -> str:
        queueing.move(self.laboratory.lab, run, place)
        return ""

    def _shift(self, run: RunRecord, step: int) -> str:
        queueing.shift(self.laboratory.lab, run, step)
        return ""

    def _stop(self, run: RunRecord) -> str:
        return stopped_note(run, edit.stop(self.laboratory.lab, run))

    def _reconcile(self, orphans: tuple[Orphan, ...]) -> str:
        return "\n".join(reconcile(self.laboratory.lab, orphans))
