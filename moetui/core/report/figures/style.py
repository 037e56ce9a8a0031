"""How all figures look: colours that colour-blind readers can tell, and markers and lines that a black-and-white print can."""

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.style import context
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from moetui.core.shown_text import flat

DPI: Final = 130
MOST: Final = 7
"""So many curves are told apart in one figure; of more settings the best are drawn."""

_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito (2008), without the yellow, which paper swallows."""
_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")
_LINES: Final = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (8, 3)), (0, (1, 3)))

_SETTINGS: Final[dict[str, Any]] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that every machine draws the same
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.4,
    "lines.markersize": 5,
    "legend.frameon": False,
    "text.parse_math": False,  # a $ in a name is a dollar
}

styled: Final = context(["default", _SETTINGS])
"""Decorates what draws a figure: the settings hold within, whatever the user's matplotlibrc says."""


@dataclass(frozen=True, slots=True)
class Look:
    """What tells one setting from the others."""

    colour: str
    marker: str
    line: Any


def look(index: int) -> Look:
    """The look of the setting in this place."""
    place = index % MOST
    return Look(_COLOURS[place], _MARKERS[place], _LINES[(index // MOST + place) % len(_LINES)])


def label(text: str, width: int = 34) -> str:
    """A name as it fits beside an axis: on one line, the middle left out if it is long."""
    line = flat(text)
    if len(line) > width:
        line = f"{line[: width // 2 - 1]}…{line[-width // 2 :]}"
    return f" {line}" if line.startswith("_") else line  # matplotlib hides what begins with an underscore


def labels(names: Sequence[str]) -> list[str]:
    """Names without the leading parts that all of them share."""
    parts = [name.split("/") for name in names]
    shared = 0
    while len(names) > 1 and all(len(p) > shared + 1 and p[shared] == parts[0][shared] for p in parts):
        shared += 1
    return [label("/".join(p[shared:])) for p in parts]


def log_x(axes: Axes) -> None:
    """A logarithmic x axis with numbers as people write them; to be called once everything is drawn."""
    axes.set_xscale("log")
    _plain_numbers(axes.xaxis)


def log_y(axes: Axes) -> None:
    """A logarithmic y axis, likewise."""
    axes.set_yscale("log")
    _plain_numbers(axes.yaxis)


def _plain_numbers(axis: Axis) -> None:
    low, high = axis.get_view_interval()
    wide, narrow = high > 100 * low, high < 4 * low
    subs = (1.0,) if wide else (1.0, 2.0, 5.0)
    axis.set_major_locator(MaxNLocator(6) if narrow else LogLocator(subs=subs))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def legend_below(figure: Figure, handles: Sequence[Line2D], columns: int = 4) -> None:
    """One legend for all panels, under them."""
    if handles:
        figure.legend(handles=list(handles), loc="outside lower center", ncols=min(columns, len(handles)))


def hollow(**facts: Any) -> dict[str, Any]:
    """A marker without a filling, which stands for a published value."""
    return {"markerfacecolor": "none", "linestyle": "none", "markersize": 8, "markeredgewidth": 1.4} | facts


def diverged(axes: Axes, x: float, y: float, *, across: bool) -> None:
    """A cross at the far end of the axis of values, where a run of a setting diverged."""
    transform = axes.get_xaxis_transform() if across else axes.get_yaxis_transform()
    axes.plot(
        [x],
        [y],
        "x",
        color="#B00000",
        markersize=8,
        markeredgewidth=2,
        transform=transform,
        clip_on=False,
        gid="diverged",
    )


def cross() -> Line2D:
    """The legend of a divergence."""
    return Line2D(
        [], [], marker="x", color="#B00000", linestyle="none", markersize=8, markeredgewidth=2, label="a run diverged"
    )


def png(figure: Figure) -> bytes:
    """The figure as a PNG file, the same bytes whenever it is drawn from the same numbers."""
    raw = io.BytesIO()
    with warnings.catch_warnings(), context(["default", _SETTINGS]):
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a name in a script that the font lacks
        figure.savefig(raw, format="png", dpi=DPI, metadata={"Software": None})
    return raw.getvalue()
