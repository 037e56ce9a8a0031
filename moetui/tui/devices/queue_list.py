"""The queue with a cursor that follows its run."""

from collections.abc import Sequence

from rich.text import Text
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from moetui.core.catalogue.records import RunRecord
from moetui.core.queue.queueing import Waiting
from moetui.core.science.labels import middle
from moetui.tui.widgets.run_columns import GLYPHS, STYLES


class QueueList(OptionList, can_focus=False):
    """One line for each run that waits: its place, its state, its name, and what it waits for."""

    DEFAULT_CSS = """
    QueueList { height: 1fr; border: none; padding: 0; background: $background; }
    QueueList > .option-list--option { padding: 0; text-wrap: nowrap; text-overflow: ellipsis; }
    QueueList > .option-list--option-highlighted { background: $block-cursor-background; color: $block-cursor-foreground; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._queue: tuple[Waiting, ...] = ()
        self._texts: list[Text] = []

    @property
    def queue(self) -> tuple[Waiting, ...]:
        """What is listed."""
        return self._queue

    @property
    def current(self) -> RunRecord | None:
        """The run under the cursor."""
        row = self.highlighted
        return self._queue[row].record if row is not None and row < len(self._queue) else None

    def show(self, queue: Sequence[Waiting]) -> None:
        """List this queue."""
        before = self.current
        self._queue = tuple(queue)
        width = self.size.width or self.app.size.width
        lines = [_line(place, one, width) for place, one in enumerate(queue, 1)]
        if lines != self._texts:
            self._texts = lines
            self.clear_options()
            self.add_options(map(Option, lines))
        ids = [one.record.id for one in queue]
        if ids:
            at = ids.index(before.id) if before and before.id in ids else min((self.highlighted or 0), len(ids) - 1)
            self.highlighted = at

    def move(self, step: int) -> None:
        """Move the cursor by so many runs, as far as the queue goes."""
        if self._queue:
            self.highlighted = min(max((self.highlighted or 0) + step, 0), len(self._queue) - 1)


def _line(place: int, one: Waiting, width: int) -> Text:
    run = one.record
    room = max((width - 8) // 2, 12)
    line = Text(f"{place:>3} ", no_wrap=True).append(f"{GLYPHS[run.status]} ", STYLES.get(run.status, ""))
    line.append(f"{middle(run.name, room):<{room}} ").append(one.reason, "dim")
    line.truncate(max(width - 1, 12), overflow="ellipsis")  # the scrollbar
    return line
