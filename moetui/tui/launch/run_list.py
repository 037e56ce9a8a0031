"""The table of planned runs: what stands for each of them already, and what it costs."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from moetui.core import format as fmt
from moetui.core.planning.plan import PlannedRun
from moetui.core.studies.estimate import Pace
from moetui.core.studies.progress import Member
from moetui.tui.amounts import count_text, duration_text
from moetui.tui.chart.palette import slot
from moetui.tui.panel import Panel, shows

HERE, COST, COUNT = 17, 9, 8
"""Cells of the columns at the right."""
ORDINAL = 7
"""Cells of the number and the marker at the left."""
WIDE = 90
"""Width from which on updates and tokens have columns too."""


@dataclass(frozen=True, slots=True)
class RunLine:
    """One planned run as the table shows it; `number` is the slot of its curve, None where that is not drawn."""

    run: PlannedRun
    number: int | None = None
    here: str = ""
    cost: str = ""


def run_lines(
    runs: Sequence[PlannedRun],
    slots: Sequence[int | None],
    members: Sequence[Member],
    known: Pace | None,
    *,
    reuse: bool,
) -> tuple[RunLine, ...]:
    """The lines of a plan. `members` are empty until it is known what is here, `known` is None until the devices are."""
    lines = []
    for place, (run, number) in enumerate(zip(runs, slots, strict=True)):
        member = members[place] if members else None
        due = not reuse or member is None or member.due
        cost = duration_text(known.cost(run).seconds) if known and due else ""
        lines.append(RunLine(run, number, here_text(member, reuse=reuse) if member else "", cost))
    return tuple(lines)


def here_text(member: Member, *, reuse: bool) -> str:
    """What stands for a planned run: its id and loss or state, or that it is new."""
    record = member.record
    if record is None:
        return "new"
    if not reuse:
        return "anew"
    if member.state == "there" and record.final is not None and record.status == "finished":
        return f"{record.id} {fmt.loss(record.final.val_loss)}"
    return f"{record.id} {'resume' if member.state == 'again' else record.status}"


class RunList(ScrollView, Panel, can_focus=True, inherit_bindings=False):
    """One line for each planned run, with the marker of its curve; only the visible lines are rendered."""

    DEFAULT_CSS = """
    RunList { height: 1fr; background: transparent; scrollbar-size-horizontal: 0; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: tuple[RunLine, ...] = ()

    @property
    def lines(self) -> tuple[RunLine, ...]:
        """What is listed."""
        return self._lines

    @shows
    def show(self, lines: Sequence[RunLine]) -> None:
        """List these runs."""
        self._lines = tuple(lines)
        longer = len(self._lines) + 1 != self.virtual_size.height
        self.virtual_size = Size(0, len(self._lines) + 1)
        self.refresh(layout=longer)

    def get_content_height(self, *sizes: object) -> int:
        """One line for each run, and the heading."""
        return len(self._lines) + 1

    def render_line(self, y: int) -> Strip:
        """The heading, or one run."""
        width = self.size.width
        line = y + self.scroll_offset.y
        if line == 0:
            segments = heading_segments(width, Style(bold=True, reverse=self.has_focus))
        elif line <= len(self._lines):
            segments = line_segments(line - 1, self._lines[line - 1], width)
        else:
            segments = []
        return Strip(segments).adjust_cell_length(width).apply_style(self.rich_style)


def heading_segments(width: int, style: Style) -> list[Segment]:
    """The names of the columns."""
    tail = _tail("here", "takes", "updates", "tokens", width)
    return [Segment(" Planned runs ".ljust(_room(width)), style), Segment(tail)]


def line_segments(index: int, line: RunLine, width: int) -> list[Segment]:
    """One run in a line of `width` cells; of a long name the end stays, which says what sets it apart."""
    config, name, room = line.run.config, line.run.name, _room(width) - ORDINAL
    name = name if len(name) <= room else f"…{name[len(name) - room + 1 :]}"
    look = None if line.number is None else slot(line.number)
    return [
        Segment(f"{index + 1:>4} ", Style(dim=True)),
        Segment("  ") if look is None else Segment(f"{look.marker} ", Style(color=look.color)),
        Segment(name.ljust(room)),
        Segment(
            _tail(line.here, line.cost, str(config.training.updates), count_text(config.tokens), width),
            Style(dim=not line.cost),
        ),
    ]


def _room(width: int) -> int:
    """Cells for number, marker and name."""
    return max(width - len(_tail("", "", "", "", width)), 2 * ORDINAL)


def _tail(here: str, cost: str, updates: str, tokens: str, width: int) -> str:
    counts = f"{updates:>{COUNT}}{tokens:>{COUNT}}" if width >= WIDE else ""
    return f" {here:<{HERE}}{counts}{cost:>{COST}}"
