"""The lines of a table of runs as styled pieces, one piece for each cell, so that a change re-sends one cell."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style

from moetui.core.catalogue.records import RunRecord
from moetui.core.query.fields import Field
from moetui.core.query.grouping import Together
from moetui.tui.chart.palette import slot
from moetui.tui.widgets.columns import GAP, Placed, cut, pad
from moetui.tui.widgets.listing import Listing
from moetui.tui.widgets.run_columns import GLYPHS, STYLES

GUTTER = 1
"""Cells in front of the columns, for the marker or the sign of the status."""
BEST = "*"
MARKED = "+"
"""In front of a marked run that has no slot of the palette, which holds eight."""
FOLDED, UNFOLDED = "▸", "▾"
BAR = 6
"""Cells of the progress of a study."""
ASCENDING, DESCENDING = "▲", "▼"


@dataclass(frozen=True, slots=True)
class Look:
    """The styles of a table at one moment."""

    plain: Style
    header: Style
    sorted_header: Style
    cursor: Style
    group: Style
    empty: Style


def header_line(placed: Sequence[Placed], listing: Listing, look: Look) -> list[Segment]:
    """The titles; the one that the list is sorted by carries an arrow."""
    line = [Segment(" " * GUTTER, look.header)]
    for cell in placed:
        column, style, arrow = cell.column, look.header, ""
        if listing.order is not None and listing.order.key == column.key:
            style, arrow = look.sorted_header, DESCENDING if listing.order.descending else ASCENDING
        width = cell.width + bool(column.better)
        title = f"{column.title}{arrow}"
        if column.better and not arrow:
            title += " "  # the titles stand over the numbers, the arrow over their marks
        line += [Segment(" " * GAP, look.header), Segment(pad(cut(title, width), width, right=column.numeric), style)]
    return line


def run_line(
    run: RunRecord,
    placed: Sequence[Placed],
    listing: Listing,
    look: Look,
    *,
    marked: bool,
    mark: int | None,
    under_cursor: bool,
) -> list[Segment]:
    """One run. `mark` is its slot of the palette, if it has one; on the cursor's line only the marker keeps its colour."""
    base = look.cursor if under_cursor else look.plain
    status = base if under_cursor else base + Style.parse(STYLES.get(run.status, ""))
    if mark is None:
        line = [Segment(MARKED, base + Style(bold=True)) if marked else Segment(GLYPHS[run.status], status)]
    else:
        line = [Segment(slot(mark).marker, base + Style(color=slot(mark).color, bold=True))]
    for cell in placed:
        style = status if cell.column.key == "status" else base
        line += _cell(run, cell, listing, style, gap=Segment(" " * GAP, base))
    return line


def group_line(
    group: Together, listing: Listing, look: Look, *, title_width: int, under_cursor: bool, marked: int
) -> list[Segment]:
    """One group: its sign, title, number of runs, the best and the mean of them, and what is not through yet.

    A study shows how far it is as well.
    """
    base = look.cursor if under_cursor else look.group
    dim = base if under_cursor else base + Style(bold=False, dim=True)
    sign = FOLDED if group.id in listing.view.folded else UNFOLDED
    title = f"{sign} {cut(group.title, title_width, 'tail')}"
    line = [Segment(pad(title, title_width + 2, right=False), base), Segment(f" {len(group.runs):>5,}", base)]
    if listing.view.group == "study":
        line.append(Segment(f"  {_bar(group.progress)}", base))
    line.append(Segment(f"  {_judged(group, listing.measure)}", base))
    words = [f"{count} {state}" for state, count in group.states] + ([f"{marked} marked"] if marked else [])
    line.append(Segment(f"  {', '.join(words)}", dim))
    return line


def _bar(progress: float) -> str:
    """`███░░░  50 %`; all of it only where nothing is left to do."""
    done = int(BAR * progress)
    return f"{'█' * done}{'░' * (BAR - done)} {int(100 * progress):>3} %"


def _judged(group: Together, measure: Field) -> str:
    """`best 4.561  mean 4.612 ±0.021`; the spread is the standard deviation."""
    best, mean = measure.written(group.best) or "–", measure.written(group.mean) or "–"
    spread = f" ±{measure.written(group.sd)}" if group.sd is not None else ""
    return f"best {best:>6}  mean {mean:>6}{spread:<7}"


def _cell(run: RunRecord, cell: Placed, listing: Listing, style: Style, *, gap: Segment) -> Iterator[Segment]:
    column = cell.column
    best = bool(column.better) and column.value(run) == listing.best.get(column.key, ())
    if best:
        style += Style(bold=True)
    yield gap
    yield Segment(pad(cut(column.text(run), cell.width, column.keep), cell.width, right=column.numeric), style)
    if column.better:
        yield Segment(BEST if best else " ", style)
