"""Textual's command palette, kept from breaking when keys come faster than it is laid out."""

from typing import Any

from textual.await_complete import AwaitComplete
from textual.command import CommandList, CommandPalette
from textual.widgets import Button, Input
from textual.worker import Worker


class Palette(CommandPalette):
    """The search for an action by name."""

    def on_mount(self) -> None:
        """A cursor that does not blink sends nothing."""
        self.query_one(Input).cursor_blink = False

    def run_worker(self, *args: Any, **options: Any) -> Worker[Any]:
        """Start a search that may fail by itself: Textual 8.2 looks for the list of a palette that was closed meanwhile."""
        return super().run_worker(*args, **options | {"exit_on_error": False})

    def _action_command_list(self, action: str) -> None:
        # Without a size the list has no line to go to, and Textual 8.2 raises a KeyError.
        if self.query_one(CommandList).size:
            super()._action_command_list(action)

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close; nothing if that has been done."""
        return super().dismiss(result) if self.is_current else AwaitComplete()

    def _select_or_command(self, event: Input.Submitted | Button.Pressed | None = None) -> None:
        # A second enter of a burst finds the command chosen and the palette closed.
        if self.is_current:
            super()._select_or_command(event)
