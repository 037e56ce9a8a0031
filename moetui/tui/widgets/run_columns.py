"""What a table of runs can say of each run: the usual columns, the most telling first, and one for any other key."""

import functools
from typing import Any, Final

from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import UsageError
from moetui.core.query.fields import FACTS, Field, field
from moetui.tui.widgets.columns import Column

PUBLISHED_PREFIX: Final = "published/"

GLYPHS: Final = {
    "queued": "·",
    "held": "‖",
    "paused": "‖",
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
    "paused": "yellow",
    "starting": "cyan",
    "running": "cyan",
    "stopping": "yellow",
    "stalled": "bold yellow",
    "finished": "dim",
    "stopped": "dim",
    "published": "dim italic",
    "diverged": "bold red",
    "out-of-memory": "bold red",
    "failed": "bold red",
    "killed": "bold red",
    "lost": "bold red",
}
"""Rich styles of the status words: what is over recedes, what works has a colour, what needs somebody stands out."""

SEVERITY: Final = {"note": ("i", ""), "warning": ("!", "yellow"), "error": ("×", "bold red")}
"""Sign and style of a finding."""


def shown_name(run: RunRecord) -> str:
    """The name without the prefix of published results, which their status says already."""
    return run.name.removeprefix(PUBLISHED_PREFIX) if run.published else run.name


def progress(run: RunRecord) -> str:
    """`450/1000` of a run that goes on or ended early, `1000` of one that is through."""
    if not run.updates or run.update == run.updates:
        return str(run.update or "")
    return f"{run.update}/{run.updates}"


def _column(known: Field, width: int, **more: Any) -> Column:
    """The column of a field; `more` says what is particular to it."""
    usual: dict[str, Any] = {
        "key": known.key,
        "title": known.title,
        "width": width,
        "text": known.write,
        "value": known.read,
        "numeric": known.kind != "text",
        "better": known.better,
    }
    return Column(**usual | more)


def _fact(key: str, width: int, **more: Any) -> Column:
    return _column(FACTS[key], width, **more)


NAME: Final = _fact("name", 23, text=shown_name, value=lambda run: shown_name(run).casefold(), most=48, keep="tail")
STATUS: Final = _fact("status", 9, text=lambda run: "no memory" if run.status == "out-of-memory" else run.status)
UPDATES: Final = _fact("updates", 9, text=progress, value=FACTS["update"].read)
NOTE: Final = _fact("note", 16, value=lambda run: run.note.casefold() or None, most=60)

COLUMNS: Final = (
    NAME,
    STATUS,
    _fact("lr", 7),
    _fact("seed", 5),
    _fact("val_loss", 8),
    _fact("val_accuracy", 8),
    UPDATES,
    _fact("seconds", 7),
    _fact("val_perplexity", 7),
    _fact("tag", 12, most=32),
    _fact("created", 16),
    _fact("best_loss", 9),
    _fact("id", 10),
    _fact("tokens_per_second", 6),
    _fact("device", 10),
    _fact("study", 14, most=24),
    NOTE,
)
"""The usual columns. A narrow table shows the first of them."""

_USUAL: Final = {column.key: column for column in COLUMNS}
_WIDTHS: Final = {"moment": 16, "duration": 7, "text": 12}


@functools.cache
def column(key: str) -> Column:
    """The column of any key: a fact of the record or a key of the configuration. Raises `UsageError` for another."""
    if key in _USUAL:
        return _USUAL[key]
    known = field(key)
    width = max(len(known.title) + 1, _WIDTHS.get(known.kind, 7))
    return _column(known, width, most=24 if known.kind in ("text", "setting") else 0)


def columns_of(keys: tuple[str, ...]) -> tuple[Column, ...]:
    """The columns of these keys, the name in front; keys that a later version no longer has are left out."""
    found = {NAME.key: NAME}
    for key in keys:
        try:
            found[key] = column(key)
        except UsageError:
            continue
    return tuple(found.values())
