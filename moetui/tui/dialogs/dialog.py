"""What all dialogs have in common: they are closed once."""

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.binding import Binding
from textual.screen import ModalScreen

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer]):
    """A screen above another that returns an answer."""

    def dismiss(self, result: Answer | None = None) -> AwaitComplete:
        """Close and return the answer; nothing if that has been done, as when enter came twice in one burst of keys."""
        return super().dismiss(result) if self.is_current else AwaitComplete()


class YesNo(Dialog[bool]):
    """A question; returns True for `y` or `enter`, False for `n` or `escape`. Subclasses compose what they ask."""

    BINDINGS = [  # noqa: RUF012  # Textual's convention
        Binding("y,enter", "answer(True)", "Yes"),
        Binding("n,escape,q", "answer(False)", "No"),
    ]

    def action_answer(self, answer: bool) -> None:
        """Close with the answer."""
        self.dismiss(answer)


ANSWERS = "y or enter: yes   n or esc: no"
"""The keys that answer, for the dialog to show."""
