"""A line to type in that acts on `enter` at once, so that the next key of a burst goes where `enter` leads."""

from collections.abc import Callable

from textual.events import Paste
from textual.widgets import Input


class WholePaste(Input):
    """Takes all of a pasted text, its lines joined by spaces; Textual keeps the first line."""

    def _on_paste(self, event: Paste) -> None:
        event.prevent_default()
        event.stop()
        self.replace(" ".join(event.text.splitlines()), *self.selection)


class Line(WholePaste):
    """Hands its text to `entered` while the key is still being handled, not by a message that later keys overtake."""

    def __init__(
        self,
        value: str = "",
        *,
        entered: Callable[[str], None],
        placeholder: str = "",
        id: str | None = None,  # noqa: A002  # every Textual widget calls it so
    ) -> None:
        """`entered` moves the focus or closes the screen."""
        super().__init__(value, placeholder=placeholder, compact=True, select_on_focus=False, id=id)
        self.cursor_blink = False  # a screen on which nothing happens sends nothing
        self._entered = entered

    async def action_submit(self) -> None:
        """Act on the text."""
        self._entered(self.value)
