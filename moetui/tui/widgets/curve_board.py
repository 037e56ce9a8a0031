"""What the user made of the charts: which there are, how many at once, and how they are drawn. Kept for the next session."""

import contextlib
import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from moetui.core.wholefile import replace_file
from moetui.tui.widgets.curve_axis import XAxis

Colour = Literal["runs", "groups", "bands"]
COLOURS: tuple[Colour, ...] = ("runs", "groups", "bands")

WEIGHTS = (0.0, 0.6, 0.9, 0.97, 0.99, 0.999)
"""Weights of the moving average, none first."""

BOARD_FILE = "charts.json"
"""Its name among what moetui remembers of a user."""

MOST = 9
"""Charts on the screen at once."""


class Look(BaseModel):
    """How one chart is drawn. `log` None leaves the axis to the chart; `weight` is that of the moving average, 0 for none."""

    model_config = ConfigDict(frozen=True)

    log: bool | None = None
    weight: float = Field(default=0.0, ge=0.0, lt=1.0)


class Board(BaseModel):
    """The choice of charts. `hidden` are keys of `curve_charts.CHARTS`; `colour` says whether runs or groups are told apart."""

    model_config = ConfigDict(frozen=True)

    places: int = Field(default=4, ge=1, le=MOST)
    hidden: frozenset[str] = frozenset()
    axis: XAxis = "updates"
    colour: Colour = "runs"
    published: bool = True
    events: bool = True
    looks: dict[str, Look] = {}

    def look(self, key: str) -> Look:
        """How a chart is drawn."""
        return self.looks.get(key, Look())

    def with_look(self, key: str, look: Look) -> "Board":
        """The board with another look of one chart."""
        return self.model_copy(update={"looks": self.looks | {key: look}})


def read_board(path: Path | None) -> Board:
    """The board as it was left; the usual one if there is none or it cannot be read."""
    if path is not None:
        with contextlib.suppress(OSError, ValidationError):
            return Board.model_validate_json(path.read_bytes())
    return Board()


def keep_board(board: Board, path: Path | None) -> None:
    """Keep the board for the next time; where nothing can be written it lasts as long as the program."""
    if path is not None:
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(replace_file(path, board.model_dump_json(indent=1).encode()))
