"""Groups of commands whose name alone lists what they are about."""

from typing import Any

from typer.core import TyperGroup


class ListFirst(TyperGroup):
    """`queue` alone, or with options only, is `queue list`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command in front where it is left out."""
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)
