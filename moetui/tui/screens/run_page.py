"""The page of one run, or of several overlaid: curves above, everything else below."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from engine.rundir import DamagedFile
from moetui.core.detail import detail
from moetui.core.errors import LabError
from moetui.core.lab import Lab
from moetui.core.log import tail
from moetui.core.records import RunRecord
from moetui.tui.actions import bindings
from moetui.tui.chart import slot
from moetui.tui.feed import Picture
from moetui.tui.runs import wording
from moetui.tui.runs.desk import DeskScreen
from moetui.tui.screens.log import LogView
from moetui.tui.widgets.curve_grid import CurveGrid

LOG_LINES = 15


class RunPage(DeskScreen):
    """Curves of up to eight runs; below, the whole record of the run if it is one, a summary of each if there are several."""

    place = "run"
    BINDINGS: ClassVar[list[BindingType]] = bindings("run")
    DEFAULT_CSS = """
    RunPage > CurveGrid { height: 1fr; }
    RunPage > VerticalScroll { height: 1fr; padding: 0 1; }
    """

    def __init__(self, runs: Sequence[RunRecord]) -> None:
        super().__init__()
        self._runs = list(runs)
        self._slots = {run.id: place for place, run in enumerate(self._runs)}

    def compose_body(self) -> ComposeResult:
        """Curves, then words."""
        grid = CurveGrid()
        grid.display = any(run.path for run in self._runs)
        yield grid
        yield VerticalScroll(Static(id="words"))

    @property
    def current_run(self) -> RunRecord | None:
        """The run of the page; of several, the first."""
        return self._runs[0]

    @property
    def chosen(self) -> Sequence[RunRecord]:
        """All runs of the page."""
        return self._runs

    def on_mount(self) -> None:
        """Ask for the curves and read the files of the runs."""
        self.query_one(VerticalScroll).focus()
        self._read()

    def show_picture(self, picture: Picture) -> None:
        """Draw what is new."""
        now = {run.id: run for run in picture.snapshot.runs}
        changed = [now.get(run.id, run) for run in self._runs]
        self.laboratory.feed.watch(self._slots)
        self.query_one(CurveGrid).show(changed, picture.curves, slots=self._slots)
        if changed != self._runs:
            self._runs = changed
            self._read()

    @work(thread=True, exclusive=True, group="page", exit_on_error=False)
    def _read(self) -> None:
        """Read the files of the runs in a thread."""
        text = words(self.laboratory.lab, self._runs)
        self.app.call_from_thread(self.query_one("#words", Static).update, text)

    def action_back(self) -> None:
        """Go back to the list."""
        self.dismiss()

    def action_chart(self, step: int) -> None:
        """Go to another chart."""
        self.query_one(CurveGrid).move(step)

    def action_maximise(self) -> None:
        """One chart or all."""
        self.query_one(CurveGrid).toggle_maximised()

    def action_log(self) -> None:
        """Show the whole log."""
        if (run := self.current_run) is not None and run.path:
            self.app.push_screen(LogView(self.laboratory.lab, run))


def words(lab: Lab, runs: Sequence[RunRecord]) -> Text:
    """Everything about one run, or a summary of each of several. A file that cannot be read is said in its place."""
    if len(runs) > 1:
        text = Text(wording.no_curves_note(runs))
        for place, run in enumerate(runs):
            text.append(f"\n{slot(place).marker} ", slot(place).color).append_text(wording.summary(run))
        return text
    (run,) = runs
    try:
        text = Text("\n".join(detail(lab, run).lines()))
        log = tail(lab.run_dir(run).log_file, LOG_LINES) if run.path else []
    except (LabError, DamagedFile, OSError) as error:
        return wording.summary(run).append(f"\n\n{error}", "red")
    if log:
        text.append("\n\nend of the log\n", "bold").append("\n".join(log))
    return text
