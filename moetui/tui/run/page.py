"""The page of one run, or of several overlaid: curves, facts, configuration and provenance, one section at a time."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.events import Resize
from textual.widgets import Static

from moetui.core.catalogue.records import RunRecord
from moetui.tui.bindings import bindings
from moetui.tui.chart.palette import PALETTE
from moetui.tui.curves.board import Board, board_of
from moetui.tui.curves.grid import CurveGrid
from moetui.tui.curves.keys import ChartKeys
from moetui.tui.feed import Picture
from moetui.tui.run import wording
from moetui.tui.run.desk import DeskScreen
from moetui.tui.run.log import LogView
from moetui.tui.run.sections import SECTIONS, Section, section_line, section_text
from moetui.tui.widgets.run_slots import drawable
from moetui.tui.widgets.scroll_keys import ScrollKeys

TALL = 34
"""Rows from which on the curves stay above the other sections."""


class RunPage(ChartKeys, DeskScreen, ScrollKeys):
    """A head of two lines, the sections with their keys, and the section that is shown."""

    place = "run"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = bindings("run")
    DEFAULT_CSS = """
    RunPage > #summary, RunPage > #sections { height: auto; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    RunPage > CurveGrid { display: none; }
    RunPage.-curves > CurveGrid, RunPage.-tall > CurveGrid { display: block; }
    RunPage > VerticalScroll { height: 1fr; padding: 0 1; }
    RunPage.-curves > VerticalScroll { display: none; }
    """

    def __init__(
        self,
        runs: Sequence[RunRecord],
        slots: Mapping[str, int],
        *,
        section: Section | None = None,
        overlay: bool = False,
    ) -> None:
        """`slots` gives runs by their ids the colour and marker that they have elsewhere; the others get those of their order.

        `section` is shown first. Of more runs than there are slots, only words are shown. An `overlay` is a page of as many of the
        runs as can be drawn, which changes as runs or groups of them are told apart; its head tells how many there are.
        """
        super().__init__()
        self._wanted = list(runs)
        self._overlay = overlay
        self._given_slots = dict(slots)
        self._take_those_with_room(Board())
        usual: Section = "curves" if any(run.path for run in runs) or len(runs) > 1 else "facts"
        self._section: Section = section or usual
        self._whole = False
        self._walked = 0

    def _take_those_with_room(self, board: Board) -> None:
        """Choose the runs of the page and give them their slots."""
        self._runs = drawable(self._wanted, by_group=board.by_group) if self._overlay else list(self._wanted)
        own = {run.id: self._given_slots.get(run.id, place) for place, run in enumerate(self._runs)}
        self._slots = own if self._drawn else self._given_slots

    @property
    def _drawn(self) -> bool:
        """Whether the runs of the page have room on a chart."""
        return self._overlay or len(self._runs) <= len(PALETTE)

    def compose_body(self) -> ComposeResult:
        """Head, sections, curves, words."""
        yield Static(id="summary")
        sections = Static(id="sections")
        sections.auto_links = False
        yield sections
        yield CurveGrid(charset=self.laboratory.charset, kept=board_of(self.laboratory.lab))
        yield VerticalScroll(Static(id="words"), can_focus=False)  # its own keys would be no actions

    @property
    def current_run(self) -> RunRecord | None:
        """The run of the page; of several, the first."""
        return self._runs[0]

    @property
    def chosen(self) -> Sequence[RunRecord]:
        """All runs of the page."""
        return self._runs

    def on_mount(self) -> None:
        """Open the first section."""
        self.action_section(self._section)

    def on_resize(self, event: Resize) -> None:
        """Keep the curves in sight where there is room for them and for words."""
        self.set_class(event.size.height >= TALL and self._drawn and any(run.path for run in self._runs), "-tall")
        if self._section in {"config", "facts"}:  # what is fitted to the width
            self._say()

    def show_picture(self, picture: Picture) -> None:
        """Draw what is new."""
        now = {run.id: run for run in picture.snapshot.runs}
        before = self._runs
        self._wanted = [now.get(run.id, run) for run in self._wanted]
        self._take_those_with_room(board_of(self.laboratory.lab).read())
        self.laboratory.feed.watch(self._slots)
        charted = [run for run in self._runs if run.id in self._slots]
        self.grid.show(
            charted,
            picture.curves,
            slots=self._slots,
            backgrounds=picture.backgrounds,
            every=picture.snapshot.runs if len(self._runs) == 1 else (),
            focus=self._charted_id(charted),
        )
        if before != self._runs:
            self._say()

    def _charted_id(self, charted: Sequence[RunRecord]) -> str:
        """The run that is walked to; empty before the first one, where all are alike."""
        order = ["", *(run.id for run in charted)]
        return order[self._walked % len(order)]

    def action_scroll(self, step: int) -> None:
        """Walk through the curves of several runs, or scroll the words."""
        if self._section == "curves" and abs(step) == 1:
            self._walked += step
            self.show_picture(self.laboratory.picture)
        else:
            super().action_scroll(step)

    def action_colour(self) -> None:
        """Runs, groups or bands; another number of runs has room then."""
        super().action_colour()
        self.show_picture(self.laboratory.picture)

    def action_section(self, section: Section) -> None:
        """Show a section."""
        self._section = section
        self.set_class(section == "curves", "-curves")
        scroll = self.query_one(VerticalScroll)
        scroll.scroll_home(animate=False)
        self.set_focus(None if section == "curves" else scroll)
        self._say()

    def action_turn(self, step: int) -> None:
        """Show the section `step` places on."""
        self.action_section(SECTIONS[(SECTIONS.index(self._section) + step) % len(SECTIONS)])

    def action_whole(self) -> None:
        """Show all keys of several configurations, or only those that differ."""
        self._whole = not self._whole
        self.action_section("config")

    def _say(self) -> None:
        head = (
            wording.summary(self._runs[0]) if len(self._runs) == 1 else wording.overlaid(self._runs, len(self._wanted))
        )
        self.query_one("#summary", Static).update(head)
        self.query_one("#sections", Static).update(section_line(self._section))
        if self._section != "curves":
            self._read(self._section)

    @work(thread=True, exclusive=True, group="page", exit_on_error=False, description="read a run")
    def _read(self, section: Section) -> None:
        """Read the files of the runs in a thread."""
        width = self.size.width - 3  # the padding, and the scrollbar
        text = section_text(self.laboratory.lab, self._runs, self._slots, section, width=width, whole=self._whole)
        self.app.call_from_thread(self._write, section, text)

    def _write(self, section: Section, text: Text) -> None:
        if section == self._section:  # the thread of a section that was left may be late
            self.query_one("#words", Static).update(text)

    def action_back(self) -> None:
        """Go back to the list."""
        self.dismiss()

    async def action_log(self) -> None:
        """Show the whole log, of several runs that of the first."""
        run = next((run for run in self._runs if run.path), None)
        if run is None:
            self.notify("A published result has no log.", severity="warning", markup=False)
        else:
            await self.app.push_screen(LogView(run))
