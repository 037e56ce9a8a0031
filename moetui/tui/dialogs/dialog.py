"""What all dialogs have in common: they are closed once."""

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer]):
    """A screen above another that returns an answer."""

    def dismiss(self, result: Answer | None = None) -> AwaitComplete:
        """Close and return the answer; nothing if that has been done, as when enter came twice in one burst of keys."""
        return super().dismiss(result) if self.is_current else AwaitComplete()
