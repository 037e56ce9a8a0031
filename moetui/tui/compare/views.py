"""The views of the Compare screen, and whether chart, words or both are shown."""

from collections.abc import Mapping
from typing import Final, Literal, get_args

from rich.text import Text

from moetui.tui.widgets.clickable import clickable

View = Literal["response", "verdicts", "pareto", "ladder"]
Shown = Literal["both", "chart", "words"]
SHORT, TALL = 20, 34
"""Rows below which chart and words take turns, and from which on the verdicts have the chart above them."""
VIEWS: Final[tuple[View, ...]] = get_args(View)
TITLES: Final[Mapping[View, str]] = {
    "response": "r Response",
    "verdicts": "v Verdicts",
    "pareto": "p Pareto",
    "ladder": "l Ladder",
}


def view_line(shown: View, cautions: int, *, ladders: bool) -> Text:
    """The views with their keys, the shown one set off, and how many things are unequal. `ladders`: there are some to show."""
    line = Text(no_wrap=True, overflow="ellipsis")
    for view in views(ladders=ladders):
        look = "reverse bold" if view == shown else "dim"
        line.append(f" {TITLES[view]} ", clickable(look, f"screen.view({view!r})"))
    if cautions:
        line.append(f"  {cautions} caution{'' if cautions == 1 else 's'}", "bold yellow")
    return line


def views(*, ladders: bool) -> tuple[View, ...]:
    """The views that there are."""
    return tuple(view for view in VIEWS if ladders or view != "ladder")


def next_view(view: View, step: int, *, ladders: bool) -> View:
    """The view `step` places on; after the last comes the first."""
    some = views(ladders=ladders)
    return some[(some.index(view) + step) % len(some)] if view in some else some[0]


def possible(view: View, *, charted: bool, ladders: bool) -> View:
    """The view that is shown where another was asked for: runs without a response, or a ladder, are compared by their settings."""
    if view == "ladder":
        return view if ladders else "verdicts"
    return "verdicts" if view == "response" and not charted else view


def fitting(shown: Shown, view: View, *, charted: bool, height: int) -> Shown:
    """What of a view is shown on so many rows: without a chart the words; and where both have no room, what says more."""
    if view not in ("pareto", "ladder") and not charted:
        return "words"
    if shown != "both" or height >= TALL:
        return shown
    if view == "verdicts":
        return "words"
    return "both" if height >= SHORT else "chart"


def next_shown(shown: Shown, *, both: bool) -> Shown:
    """From both to the chart, from there to the words and back; `both`: there is room for both."""
    if shown == "chart":
        return "words"
    return "both" if shown == "words" and both else "chart"
