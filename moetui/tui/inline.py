"""Draws the dashboard where the cursor is, as one block that renews itself, without a screen of its own and without keys."""

import math
import shutil
import time
from collections.abc import Callable, Sequence
from typing import TextIO

from rich.console import Console
from rich.text import Text

from engine.runfiles.jsonfile import DamagedFile
from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.lab import Lab
from moetui.core.terminal import Charset
from moetui.tui.block import dashboard
from moetui.tui.curves.planned_lr import Planned, planned_lr
from moetui.tui.feed import PATIENCE, Feed, Picture
from moetui.tui.filters import harmless_segments
from moetui.tui.live.view import Choice, View, look

PRINTED_WIDTH, PRINTED_HEIGHT = 100, 60
"""Size of the block where there is no terminal."""


class Dashboard:
    """The runs of a laboratory as lines, look after look; the given ids are shown, or else the newest runs."""

    def __init__(self, lab: Lab, run_ids: Sequence[str], charset: Charset) -> None:
        self._lab = lab
        self._charset: Charset = charset
        self._choice = Choice(given=tuple(run_ids))
        self._feed = Feed(lab)
        self._planned: dict[str, Planned] = {}
        self._view = View()

    @property
    def runs(self) -> tuple[RunRecord, ...]:
        """The runs of the last look."""
        return self._view.listed

    def lines(self, width: int, height: int, *, patience: float = PATIENCE) -> list[Text]:
        """Look again, and read measurements for so many seconds at most."""
        picture = self._look(patience)
        if not any(run.id in picture.curves for run in self._view.charted):
            picture = self._look(patience)  # the first look told which runs are charted, the second reads their curves
        self._plan()
        if not self._view.listed:
            return [Text(picture.error or "no runs yet; `moetui run PRESET` starts some")]
        return dashboard(
            self._view, self._choice, picture, self._planned, width=width, height=height, charset=self._charset
        )

    def _look(self, patience: float) -> Picture:
        picture = self._feed.take(patience)
        self._view = look(picture, self._choice, self._view.slots or {})
        self._feed.watch({run.id for run in self._view.listed if run.live} | {run.id for run in self._view.charted})
        return picture

    def _plan(self) -> None:
        for run in self._view.charted:
            if run.path and run.id not in self._planned:
                try:
                    self._planned[run.id] = planned_lr(self._lab.run_dir(run).config().config)
                except (FileNotFoundError, DamagedFile):
                    continue  # the list tells what is wrong with such a run


class Painter:
    """Draws one block of lines over the last on a terminal and sends only the lines that changed.

    The cursor waits below the block, so that whatever ends the process leaves the terminal in order. A terminal that has become
    narrower has wrapped the lines of the last block, each to as many as its length asks for.
    """

    def __init__(self, stream: TextIO, console: Console) -> None:
        self._stream = stream
        self._console = console
        self._drawn: list[str] = []
        self._lengths: list[int] = []
        self._width = 0

    def draw(self, lines: Sequence[Text], width: int) -> None:
        """Show these lines on a terminal so many cells wide."""
        rendered = [self._rendered(line) for line in lines]
        if width == self._width and len(rendered) == len(self._drawn):
            self._stream.write("".join(self._changes(rendered)))
        else:
            wrapped = sum(max(1, -(-length // max(width, 1))) for length in self._lengths)
            up = f"\x1b[{wrapped}A\r" if wrapped else ""
            self._stream.write(f"{up}\x1b[J" + "".join(f"{line}\n" for line in rendered))
        self._stream.flush()
        self._drawn, self._lengths, self._width = rendered, [line.cell_len for line in lines], width

    def _changes(self, lines: Sequence[str]) -> list[str]:
        count = len(lines)
        return [
            f"\x1b[{count - index}A\r{line}\x1b[K\x1b[{count - index}B\r"
            for index, (line, old) in enumerate(zip(lines, self._drawn, strict=True))
            if line != old
        ]

    def _rendered(self, line: Text) -> str:
        with self._console.capture() as captured:
            self._console.print(_harmless_line(self._console, line), end="", soft_wrap=True)
        return captured.get()


def _harmless_line(console: Console, line: Text) -> Text:
    """The same line with its texts made harmless: the painter adds orders of its own, so its stream passes everything on."""
    return Text.assemble(*((text, style or "") for text, style, _ in harmless_segments(line.render(console))))


def watch_inline(
    dashboard: Dashboard, stream: TextIO, *, pause: float, sleep: Callable[[float], None] = time.sleep
) -> tuple[RunRecord, ...]:
    """Draw the block again and again until none of its runs is pending; returns them as they ended."""
    painter = Painter(stream, Console(file=stream, highlight=False))
    while True:
        width, height = shutil.get_terminal_size()
        painter.draw(dashboard.lines(width - 1, height - 1), width)  # a full line would let the cursor wrap
        if not any(run.pending for run in dashboard.runs):
            painter.draw(dashboard.lines(width - 1, height - 1, patience=math.inf), width)  # what stays is whole
            return dashboard.runs
        sleep(pause)


def print_once(dashboard: Dashboard, stream: TextIO) -> tuple[RunRecord, ...]:
    """Print the block as it is now: as wide as the terminal or as COLUMNS says; without colours where there is no terminal."""
    console = Console(file=stream, highlight=False)
    width = shutil.get_terminal_size((PRINTED_WIDTH, PRINTED_HEIGHT)).columns - stream.isatty()
    for line in dashboard.lines(width, PRINTED_HEIGHT, patience=math.inf):
        line.rstrip()
        console.print(_harmless_line(console, line), soft_wrap=True)
    return dashboard.runs
