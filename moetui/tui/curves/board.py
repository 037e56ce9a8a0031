"""What the user made of the charts: which there are, how many at once, and how they are drawn. Kept for each workspace."""

import contextlib
import functools
import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from moetui.core.runs.lab import Lab
from moetui.core.user_state import workspace_state_file
from moetui.core.wholefile import replace_file
from moetui.tui.curves.axis import XAxis

Colour = Literal["runs", "groups", "bands"]
COLOURS: tuple[Colour, ...] = ("runs", "groups", "bands")

WEIGHTS = (0.0, 0.6, 0.9, 0.97, 0.99, 0.999)
"""Weights of the moving average, none first."""

USUAL_WEIGHTS = {"throughput": 0.9}
"""Weights of charts whose raw curves hide what they tell."""

Span = Literal["auto", "full", "close"]
SPANS: tuple[Span, ...] = ("auto", "full", "close")
"""What a y axis covers: everything; the later half of what was measured; or that as soon as a third of the updates is done."""

BOARD_FILE = "charts.json"
"""Its name among what moetui remembers of a workspace."""

Beside = Literal["", "facts", "log"]
BESIDE: tuple[Beside, ...] = ("", "facts", "log")
"""What stands beside the charts: nothing, what is known of the run under the cursor, or the end of its log."""

MOST = 9
"""Charts on the screen at once."""


class Look(BaseModel):
    """How one chart is drawn. `log` None leaves the axis to the chart; `weight` is that of the moving average, 0 for none.

    `weight` None is the usual one of the chart.
    """

    model_config = ConfigDict(frozen=True)

    log: bool | None = None
    weight: float | None = Field(default=None, ge=0.0, lt=1.0)
    span: Span = "auto"


class Board(BaseModel):
    """The choice of charts. `hidden` are keys of `charts.CHARTS`; `colour` says whether runs or groups are told apart.

    `places`: charts at once, None for as many as there is room for. `difference`: each run is drawn as its difference from one
    of them.
    """

    model_config = ConfigDict(frozen=True)

    places: int | None = Field(default=None, ge=1, le=MOST)
    hidden: frozenset[str] = frozenset()
    axis: XAxis = "updates"
    colour: Colour = "runs"
    published: bool = True
    events: bool = True
    difference: bool = False
    beside: Beside = ""
    looks: dict[str, Look] = {}

    @property
    def by_group(self) -> bool:
        """Whether the seeds of a group share a slot of colour and marker."""
        return self.colour != "runs"

    def look(self, key: str) -> Look:
        """How a chart is drawn."""
        return self.looks.get(key, Look())

    def weight(self, key: str) -> float:
        """The weight of the moving average of a chart."""
        chosen = self.look(key).weight
        return USUAL_WEIGHTS.get(key, 0.0) if chosen is None else chosen

    def with_look(self, key: str, look: Look) -> "Board":
        """The board with another look of one chart."""
        return self.model_copy(update={"looks": self.looks | {key: look}})


class KeptBoard:
    """The board that several grids share, and through its file the programs of one user: whoever asks gets the newest."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._board = Board()
        self._stamp: tuple[int, int, int] | None = None

    def read(self) -> Board:
        """The board as it was left last, at the price of one stat; a file that is missing or cannot be read changes nothing."""
        if self._path is not None:
            with contextlib.suppress(OSError, ValidationError):
                status = self._path.stat()
                stamp = status.st_ino, status.st_mtime_ns, status.st_size
                if stamp != self._stamp:
                    self._stamp = stamp
                    self._board = Board.model_validate_json(self._path.read_bytes())
        return self._board

    def keep(self, board: Board) -> None:
        """Keep the board for the next time; where nothing can be written it lasts as long as the program."""
        self._board = board
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                os.close(replace_file(self._path, board.model_dump_json(indent=1).encode()))


def board_of(lab: Lab) -> KeptBoard:
    """The one board that this program has of a workspace."""
    return _kept(workspace_state_file(lab.workspace.root, BOARD_FILE))


@functools.cache
def _kept(path: Path) -> KeptBoard:
    return KeptBoard(path)
