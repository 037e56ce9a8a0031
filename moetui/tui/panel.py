"""The boundary around each part of the interface: what goes wrong in one is shown there and logged, and the rest goes on."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual._callback import invoke
from textual._types import CallbackType as Callback
from textual.geometry import Region
from textual.message import Message
from textual.message_pump import MessagePump
from textual.strip import Strip
from textual.widget import Widget
from textual.worker import Worker, WorkerState

from moetui.tui.fault_log import log_fault

FAULT = Style(color="red", bold=True)


class Contained(MessagePump):
    """Keeps its own faults: those of its handlers, timers and workers, and those of what it does within `contained`."""

    @contextmanager
    def contained(self) -> Iterator[None]:
        """Let nothing that is raised inside get out."""
        try:
            yield
        except Exception as error:
            self.break_down(log_fault(error, type(self).__name__))

    def break_down(self, sentence: str) -> None:
        """Tell what went wrong; a part that has a place to show it in shows it there instead."""
        self.app.notify(sentence, title="A fault", severity="error", markup=False)

    async def _on_message(self, message: Message) -> None:
        # Textual's one way to a handler; a fault that leaves it ends the part's message loop and with it the app.
        with self.contained():
            await super()._on_message(message)

    def call_after_refresh(self, callback: Callback, *args: Any, **kwargs: Any) -> bool:
        """Call this when the screen has been drawn; Textual ends the app with a fault of such a call."""

        async def kept() -> None:
            with self.contained():
                await invoke(partial(callback, *args, **kwargs))

        return super().call_after_refresh(kept)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Take a fault of a thread or task of this part for its own."""
        if (
            event.state is WorkerState.ERROR and event.worker.error is not None
        ):  # one that was cancelled has an error too
            self.break_down(log_fault(event.worker.error, f"{type(self).__name__}, {event.worker.name}"))


class Panel(Contained, Widget):
    """A part of a screen. When it has broken down it shows why in its place, until it has something to show again.

    A panel that is another kind of widget as well names that kind first: Textual takes the styles of the first base only.
    """

    _fault = ""

    def break_down(self, sentence: str) -> None:
        """Show the sentence in the place of everything else."""
        self._fault = sentence
        self.call_later(self.add_class, "-broken")
        self.refresh()

    def refresh_changed(self, old: Sequence[object], new: Sequence[object]) -> None:
        """Draw again the lines that differ between two states of the panel; all if they are not as many."""
        if len(old) != len(new):
            self.refresh()
            return
        changed = [y for y, (before, after) in enumerate(zip(old, new, strict=True)) if before != after]
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def mend(self) -> None:
        """Show again what there is to show."""
        if self._fault:
            self._fault = ""
            self.remove_class("-broken")
            self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of the panel, or what went wrong with them."""
        if not self._fault:
            with self.contained():
                return super().render_lines(crop)
        return self._notice(crop)

    def _notice(self, crop: Region) -> list[Strip]:
        style = self.rich_style
        text = Text(f"This part broke down: {self._fault}")
        lines = text.wrap(self.app.console, max(self.size.width, 1))[: crop.bottom]
        strips = [Strip([Segment(line.plain, style + FAULT)]) for line in lines]
        strips += [Strip([])] * (crop.bottom - len(strips))
        return [
            strip.adjust_cell_length(self.size.width, style).crop(crop.x, crop.right)
            for strip in strips[crop.y : crop.bottom]
        ]


PanelT = TypeVar("PanelT", bound=Panel)
Arguments = ParamSpec("Arguments")


def shows(method: Callable[Concatenate[PanelT, Arguments], None]) -> Callable[Concatenate[PanelT, Arguments], None]:
    """Marks the method that gives a panel what to show: a fault in it breaks down this panel alone, the next success mends it."""

    @wraps(method)
    def contained(panel: PanelT, /, *arguments: Arguments.args, **named: Arguments.kwargs) -> None:
        try:
            method(panel, *arguments, **named)
        except Exception as error:
            panel.break_down(log_fault(error, type(panel).__name__))
        else:
            panel.mend()

    return contained
