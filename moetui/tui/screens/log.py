"""The end of a run's log, as it grows, with the reason above it if the run has failed."""

from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import RichLog, Static

from engine.rundir import DamagedFile
from moetui.core.lab import Lab
from moetui.core.log import read_log
from moetui.core.records import RunRecord
from moetui.tui.dialog import Dialog
from moetui.tui.widgets.run_columns import GLYPHS, STYLES

WINDOW = 65536
"""Bytes of the log that are read when it is opened."""

MOST_LINES = 5000
POLL_SECONDS = 0.5


class LogView(Dialog[None]):
    """Shows one run's state and log until it is closed; at the end of the log it stays at the end."""

    DEFAULT_CSS = """
    LogView { align: center middle; }
    LogView > Vertical { width: 100%; height: 100%; background: $surface; }
    LogView Static { padding: 0 1; width: 1fr; height: auto; max-height: 6; }
    LogView RichLog { height: 1fr; padding: 0 1; background: $background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,l,enter", "close", "Close")]

    def __init__(self, lab: Lab, record: RunRecord) -> None:
        super().__init__()
        self._lab = lab
        self._record = record
        self._offset: int | None = None
        self._unfinished = ""
        self._written = False

    def compose(self) -> ComposeResult:
        """State and reason, then the log."""
        with Vertical():
            yield Static(_about(self._record))
            yield RichLog(max_lines=MOST_LINES, min_width=0, wrap=True)

    def on_mount(self) -> None:
        """Begin to read."""
        self.set_interval(POLL_SECONDS, self._poll)
        self._poll()

    def action_close(self) -> None:
        """Go back."""
        self.dismiss()

    @work(thread=True, exclusive=True, group="log", exit_on_error=False, description="read the log")
    def _poll(self) -> None:
        record = self._lab.see(self._record)
        path = self._lab.run_dir(record).log_file
        if self._offset is None:
            self._offset = max((path.stat().st_size if path.exists() else 0) - WINDOW, 0)
        text, self._offset = read_log(path, self._offset)
        if not text and not self._written and not record.pending:
            text = _last_words(self._lab, record)
        if text or record != self._record:
            self.app.call_from_thread(self._show, record, text)

    def _show(self, record: RunRecord, text: str) -> None:
        if record != self._record:
            self._record = record
            self.query_one(Static).update(_about(record))
        if text:
            self._written = True
            self._write(text, whole=not record.pending)

    def _write(self, text: str, *, whole: bool) -> None:
        """Write the lines that are complete, and the last one too if no more will come."""
        *lines, self._unfinished = (self._unfinished + text).split("\n")
        if whole and self._unfinished:
            lines.append(self._unfinished)
            self._unfinished = ""
        log = self.query_one(RichLog)
        for line in lines:
            log.write(Text(line))


def _about(record: RunRecord) -> Text:
    line = Text.assemble(
        (record.name, "bold"),
        "  ",
        (f"{GLYPHS[record.status]} {record.status}", STYLES.get(record.status, "")),
        (f"  update {record.update} of {record.updates}", "dim"),
        ("   esc closes", "dim"),
    )
    if record.reason:
        line.append(f"\n{record.reason}", STYLES.get(record.status, ""))
    return line


def _last_words(lab: Lab, record: RunRecord) -> str:
    """For a run without a log: the traceback of its result, or a sentence that says so."""
    try:
        result = lab.run_dir(record).result()
    except DamagedFile as error:
        return f"{error}\n"
    return result.traceback if result is not None and result.traceback else "the log is empty\n"
