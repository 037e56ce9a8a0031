"""The end of a run's log, as it grows, with the reason above it if the run has failed."""

from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import RichLog, Static

from engine.runfiles.jsonfile import DamagedFile
from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.lab import Lab
from moetui.core.runs.log import read_log
from moetui.tui.bindings import bindings
from moetui.tui.place import PlaceScreen
from moetui.tui.widgets.run_columns import GLYPHS, STYLES
from moetui.tui.widgets.scroll_keys import ScrollKeys

WINDOW = 65536
"""Bytes of the log that are read when it is opened."""

MOST_LINES = 5000
POLL_SECONDS = 0.5


class LogView(PlaceScreen, ScrollKeys):
    """Shows one run's state and log until it is closed; at the end of the log it stays at the end."""

    place = "log"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = bindings("log")
    DEFAULT_CSS = """
    LogView > Static { padding: 0 1; height: auto; max-height: 6; background: $surface; }
    LogView > RichLog { height: 1fr; padding: 0 1; background: $background; }
    """

    def __init__(self, record: RunRecord) -> None:
        super().__init__()
        self._record = record
        self._offset: int | None = None
        self._unfinished = ""
        self._written = False
        self._fault = ""

    def compose_body(self) -> ComposeResult:
        """State and reason, then the log."""
        yield Static(_about(self._record))
        log = RichLog(max_lines=MOST_LINES, min_width=0, wrap=True)
        log.can_focus = False  # its own keys would be no actions
        yield log

    def on_mount(self) -> None:
        """Begin to read."""
        self.set_interval(POLL_SECONDS, self._poll_if_shown)
        self._poll()

    def action_back(self) -> None:
        """Go back to where the log was opened."""
        self.dismiss()

    @property
    def scrolled(self) -> RichLog:
        """The log."""
        return self.query_one(RichLog)

    def _poll_if_shown(self) -> None:
        if self.is_current:
            self._poll()

    @work(thread=True, exclusive=True, group="log", exit_on_error=False, description="read the log")
    def _poll(self) -> None:
        try:
            record, text = self._read()
        except (DamagedFile, OSError) as error:
            self.app.call_from_thread(self._tell, str(error))
            return
        if text or self._fault or record != self._record:
            self.app.call_from_thread(self._show, record, text)

    def _read(self) -> tuple[RunRecord, str]:
        """The run as it is now, and what its log has more than before."""
        lab = self.laboratory.lab
        record = lab.see(self._record)
        path = lab.run_dir(record).log_file
        if self._offset is None:
            self._offset = max((path.stat().st_size if path.exists() else 0) - WINDOW, 0)
        text, self._offset = read_log(path, self._offset)
        if not text and not self._written and not record.pending:
            text = _last_words(lab, record)
        return record, text

    def _tell(self, fault: str) -> None:
        """Say why there is no more to read; that may pass."""
        if fault != self._fault:
            self._fault = fault
            self.query_one(Static).update(_about(self._record).append(f"\n{fault}", "bold red"))

    def _show(self, record: RunRecord, text: str) -> None:
        if self._fault or record != self._record:
            self._record, self._fault = record, ""
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
