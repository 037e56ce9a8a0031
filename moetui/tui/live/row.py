"""One run in one line: state, progress, throughput, time and losses, in columns that fit the width."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from engine.runfiles.rundir import Finding, State
from moetui.core import format as words
from moetui.core.catalogue.records import RunRecord, Status
from moetui.core.query.fields import FACTS
from moetui.tui.chart.charset import one_cell_each
from moetui.tui.chart.palette import Slot
from moetui.tui.widgets.columns import cut
from moetui.tui.widgets.run_columns import GLYPHS, SEVERITY, STYLES

CURSOR = "›"
BAR, REST = "━", "─"
TOLD: frozenset[Status] = frozenset(
    {"queued", "held", "paused", "starting", "stalled", "diverged", "out-of-memory", "failed", "killed", "lost"}
)
"""States in which the reason says more than speed and time."""


class Cell(NamedTuple):
    """A piece of a line, every character one cell wide, and its rich style."""

    text: str
    style: str = ""


Line = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Widths:
    """Cells of the columns that differ with the width of the screen; 0 leaves a column out."""

    name: int
    bar: int
    count: int
    train: int
    health: int

    @property
    def middle(self) -> int:
        """Cells from the progress to the time: what a sentence gets where it stands in their place."""
        return (self.bar + 1 if self.bar else 0) + 4 + (self.count + 1 if self.count else 0) + 1 + 6 + 1 + 10


KEPT = {"": " ", "pinned": "+", "hidden": "-"}

LEAST_NAME, MOST_NAME = 12, 44


def widths_for(total: int) -> Widths:
    """The columns that `total` cells have room for."""
    bar = 0 if total < 70 else 8 if total < 100 else 12 if total < 140 else 20
    count = 0 if total < 100 else 11
    train = 0 if total < 66 else 6
    health = 0 if total < 72 else 3 if total < 120 else 18
    bare = Widths(0, bar, count, train, health)
    fixed = 3 + 1 + 10 + 1 + bare.middle + (train + 1 if train else 0) + 1 + 6 + (health + 1 if health else 0)
    return Widths(max(LEAST_NAME, min(MOST_NAME, total - fixed)), bar, count, train, health)


@dataclass(frozen=True, slots=True)
class Entry:
    """What a line tells: the run, its trainer's last word, its slot on the charts, and its newest losses."""

    run: RunRecord
    state: State | None = None
    slot: Slot | None = None
    train_loss: float | None = None
    val_loss: float | None = None
    findings: tuple[Finding, ...] = ()
    """What is known of its health, the gravest first."""
    kept: Literal["", "pinned", "hidden"] = ""
    """Whether it is on the charts, or off them, whatever they follow."""


def head_line(caption: str, widths: Widths) -> Line:
    """The titles of the columns, and in the place of those that need none a caption."""
    left = 3 + widths.name + 1 + 10
    progress = widths.bar + 5 if widths.bar else 4
    titles = [f"{'progress' if widths.bar else '':<{progress}}"]
    if widths.count:
        titles.append(f"{'updates':>{widths.count}}")
    titles += [f"{'tok/s':>6}", f"{'ETA':>10}"]
    if widths.train:
        titles.append(f"{'train':>{widths.train}}")
    titles.append(f"{'val':>6}")
    if widths.health:
        titles.append(f"{'findings' if widths.health > 8 else '!':<{widths.health}}")
    return Cell(f"{cut(one_cell_each(caption), left, 'head'):<{left}} ", "bold"), Cell(" ".join(titles), "dim")


def run_line(entry: Entry, widths: Widths, *, cursor: bool) -> Line:
    """A run's line; neighbouring lines have their cells at the same places, save where a reason stands for the numbers."""
    run = entry.run
    tone = "" if run.pending or entry.slot else "dim"
    name = cut(one_cell_each(run.name), widths.name, "tail")
    word = _word(run)
    mark = entry.slot
    return (
        Cell(CURSOR if cursor else " ", "bold"),
        Cell(mark.marker if mark else " ", mark.color if mark else ""),
        Cell(KEPT[entry.kept], "bold"),
        Cell(f"{name:<{widths.name}} ", "bold" if cursor else tone),
        Cell(f"{GLYPHS[run.status]} {word:<8} " if word else f"{GLYPHS[run.status]} ", STYLES.get(run.status, tone)),
        *(_told(run, widths, word) if run.status in TOLD else _measured(entry, widths, tone)),
        *((Cell(f" {_loss(entry.train_loss):>{widths.train}}", tone),) if widths.train else ()),
        Cell(f" {_loss(entry.val_loss):>6}", tone),
        *((_health(entry.findings, widths.health),) if widths.health else ()),
    )


def _word(run: RunRecord) -> str:
    """The status, if there is room for it; of a run that trains for another time which retry that is."""
    told = f"retry {run.retried}" if run.retried and run.status == "running" else run.status
    return told if len(told) <= 8 else ""


def _health(findings: Sequence[Finding], width: int) -> Cell:
    """How many findings there are and how grave the gravest is; where there is room its kind."""
    if not findings:
        return Cell(" " * (width + 1))
    worst = findings[0]
    count = f"{SEVERITY[worst.severity][0]}{len(findings)}"
    text = cut(f"{count} {worst.kind}" if width > 8 else count, width, "head")
    return Cell(f" {text:<{width}}", SEVERITY[worst.severity][1])


def _told(run: RunRecord, widths: Widths, word: str) -> Iterator[Cell]:
    room = widths.middle + (0 if word else 9)
    text = " · ".join(part for part in ("" if word else run.status, _place(run), _reason(run)) if part)
    yield Cell(f"{cut(one_cell_each(text), room, 'head'):<{room}}", STYLES.get(run.status, ""))


def _place(run: RunRecord) -> str:
    """How far a run came; nothing for one that has not begun."""
    return f"{run.update}/{run.updates}" if run.update else ""


def _reason(run: RunRecord) -> str:
    return run.reason or ("waits for a free device" if run.status == "queued" else "")


def _measured(entry: Entry, widths: Widths, tone: str) -> Iterator[Cell]:
    run = entry.run
    share = min(run.update / run.updates, 1.0) if run.updates else 0.0
    if widths.bar:
        done = int(share * widths.bar)
        yield Cell(BAR * done, STYLES.get(run.status, tone))
        yield Cell(f"{REST * (widths.bar - done)} ", "dim")
    yield Cell(f"{int(share * 100):>3}%", tone)
    if widths.count:
        yield Cell(f" {f'{run.update}/{run.updates}':>{widths.count}}", tone)
    yield Cell(f" {words.count(run.tokens_per_second):>6}", tone)
    yield Cell(f" {_time(run, entry.state):>10}", tone)


def _time(run: RunRecord, state: State | None) -> str:
    """Time that is left of a live run, unless it is busy with an evaluation; what an ended one took, as the list of runs has it."""
    if run.live:
        if state is not None and state.phase == "evaluating":
            return "evaluating"
        return _clock(state.eta_seconds) if state is not None and state.eta_seconds is not None else "–"
    took = FACTS["seconds"].write(run)
    return f"in {took}" if took else "–"


def _clock(seconds: float) -> str:
    """Minutes and seconds, so that a countdown keeps its shape below a minute."""
    return words.duration(seconds) if seconds >= 59.5 else f"0:{max(round(seconds), 0):02}"


def _loss(value: float | None) -> str:
    return cut(words.loss(value), 6, "head")
