"""What a table of runs can say of each run, the most telling first."""

from collections.abc import Callable
from typing import Final

from moetui.core import format as words
from moetui.core.filtering import NUMBERS, Number
from moetui.core.records import RunRecord
from moetui.tui.widgets.columns import Column

PUBLISHED_PREFIX: Final = "published/"

GLYPHS: Final = {
    "queued": "·",
    "held": "‖",
    "starting": "▹",
    "running": "▸",
    "stalled": "?",
    "stopping": "▹",
    "finished": "✓",
    "stopped": "–",
    "diverged": "×",
    "out-of-memory": "✗",
    "failed": "✗",
    "killed": "✗",
    "lost": "✗",
    "published": "◇",
}
"""One sign for each status; published results are hollow."""

STYLES: Final = {
    "queued": "dim",
    "held": "yellow",
    "starting": "cyan",
    "running": "cyan",
    "stopping": "yellow",
    "stalled": "yellow",
    "stopped": "yellow",
    "published": "italic",
    "diverged": "red",
    "out-of-memory": "red",
    "failed": "red",
    "killed": "red",
    "lost": "red",
}
"""Rich styles of the status words; a status that is not here needs no attention."""


def shown_name(run: RunRecord) -> str:
    """The name without the prefix of published results, which their status says already."""
    return run.name.removeprefix(PUBLISHED_PREFIX) if run.published else run.name


def progress(run: RunRecord) -> str:
    """`450/1000` of a run that goes on or ended early, `1000` of one that is through."""
    if not run.updates or run.update == run.updates:
        return str(run.update or "")
    return f"{run.update}/{run.updates}"


def _elapsed(run: RunRecord) -> float | None:
    """Training time, or else the time between start and end."""
    if run.final is not None and run.final.seconds is not None:
        return run.final.seconds
    return run.ended - run.started if run.ended and run.started else None


def _written(number: Number, write: Callable[[float | None], str]) -> Callable[[RunRecord], str]:
    """What a run does not know stays blank: a column of dashes only disturbs."""

    def text(run: RunRecord) -> str:
        value = number(run)
        return "" if value is None else write(value)

    return text


NAME: Final = Column(
    key="name",
    title="name",
    width=23,
    text=shown_name,
    value=lambda run: shown_name(run).casefold(),
    numeric=False,
    most=48,
    keep="tail",
)
STATUS: Final = Column(
    key="status",
    title="status",
    width=9,
    text=lambda run: "no memory" if run.status == "out-of-memory" else run.status,
    value=lambda run: run.status,
    numeric=False,
)
LR: Final = Column(key="lr", title="LR", width=7, text=_written(NUMBERS["lr"], words.number), value=NUMBERS["lr"])
SEED: Final = Column(
    key="seed", title="seed", width=5, text=_written(NUMBERS["seed"], words.number), value=NUMBERS["seed"]
)
UPDATES: Final = Column(key="updates", title="updates", width=9, text=progress, value=NUMBERS["update"])
VAL_LOSS: Final = Column(
    key="val_loss",
    title="val loss",
    width=8,
    text=_written(NUMBERS["val_loss"], words.loss),
    value=NUMBERS["val_loss"],
    better="low",
)
ACCURACY: Final = Column(
    key="val_accuracy",
    title="accuracy",
    width=8,
    text=_written(NUMBERS["val_accuracy"], words.percent),
    value=NUMBERS["val_accuracy"],
    better="high",
)
TIME: Final = Column(key="seconds", title="time", width=7, text=_written(_elapsed, words.duration), value=_elapsed)
PERPLEXITY: Final = Column(
    key="val_perplexity",
    title="perpl.",
    width=7,
    text=_written(NUMBERS["val_perplexity"], words.number),
    value=NUMBERS["val_perplexity"],
    better="low",
)
CREATED: Final = Column(
    key="created",
    title="created",
    width=16,
    text=lambda run: words.moment(run.created) if run.created else "",
    value=lambda run: run.created or None,
)
TAGS: Final = Column(
    key="tags",
    title="tags",
    width=12,
    text=lambda run: " ".join(run.tags),
    value=lambda run: " ".join(run.tags) or None,
    numeric=False,
    most=32,
)
BEST_LOSS: Final = Column(
    key="best_loss",
    title="best loss",
    width=9,
    text=_written(NUMBERS["best_loss"], words.loss),
    value=NUMBERS["best_loss"],
    better="low",
)
SPEED: Final = Column(
    key="tokens_per_second",
    title="tok/s",
    width=6,
    text=_written(NUMBERS["tokens_per_second"], words.count),
    value=NUMBERS["tokens_per_second"],
)
DEVICE: Final = Column(
    key="device",
    title="device",
    width=10,
    text=lambda run: run.device,
    value=lambda run: run.device or None,
    numeric=False,
)
STUDY: Final = Column(
    key="study",
    title="study",
    width=14,
    text=lambda run: run.study,
    value=lambda run: run.study or None,
    numeric=False,
    most=24,
)
NOTE: Final = Column(
    key="note",
    title="note",
    width=16,
    text=lambda run: run.note,
    value=lambda run: run.note.casefold() or None,
    numeric=False,
    most=60,
)
ID: Final = Column(key="id", title="id", width=10, text=lambda run: run.id, value=lambda run: run.id, numeric=False)

COLUMNS: Final = (
    NAME,
    STATUS,
    LR,
    SEED,
    VAL_LOSS,
    ACCURACY,
    UPDATES,
    TIME,
    PERPLEXITY,
    TAGS,
    CREATED,
    BEST_LOSS,
    ID,
    SPEED,
    DEVICE,
    STUDY,
    NOTE,
)
"""All columns. A narrow table shows the first of them."""
