"""An application that sends no more than what changes on the terminal."""

from typing import Any

from rich.console import RenderableType
from textual import on
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.driver import Driver
from textual.events import Resize
from textual.screen import Screen

from moetui.tui.shown import Shown


class SparingApp(App[None]):
    """Keeps account of what the terminal shows. `action_redraw` is for when somebody else has written there."""

    def __init__(self) -> None:
        super().__init__()
        self._shown = Shown()

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        # Textual's one way to the terminal. During a batch it sends nothing.
        if isinstance(renderable, LayoutUpdate | ChopsUpdate) and not (self._batch_count or self.is_headless):
            renderable = self._shown.changes(renderable)
        super()._display(screen, renderable)

    @on(Driver.SignalResume)
    def action_redraw(self) -> None:
        """Send everything again: the shell, or who else may write there, has had the terminal in between."""
        self._shown = Shown(self.size)
        self.screen.refresh()

    def on_resize(self, event: Resize) -> None:
        """Send everything again: what a terminal does with what does not fit is its own affair."""
        self._shown = Shown(event.size)
