"""Textual's command palette, kept from breaking when a page is turned before its list has been laid out."""

from textual.command import CommandList, CommandPalette


class Palette(CommandPalette):
    """The search for an action by name."""

    def _action_command_list(self, action: str) -> None:
        if self.query_one(
            CommandList
        ).size:  # without a size it has no line to go to, and Textual 8.2 raises a KeyError
            super()._action_command_list(action)
