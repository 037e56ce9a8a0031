"""The commands and the modules that have them; a module is imported when one of its commands is asked for.

All of them together take 40 ms, which neither the terminal interface nor a single command has to wait for.
"""

import importlib
from collections.abc import Mapping
from typing import Any, Final

import typer
from typer.core import TyperGroup

MODULES: Final[Mapping[str, tuple[str, ...]]] = {
    "start": ("run", "presets", "explain"),
    "study": ("study",),
    "refine": ("refine",),
    "search": ("search",),
    "audit": ("audit",),
    "again": ("resume", "rerun", "fork", "cooldown"),
    "listing": ("ls",),
    "look": ("show", "health", "logs", "watch", "wait"),
    "manage": ("stop", "rm", "restore", "label", "reindex", "doctor"),
    "queueing": ("queue",),
    "model": ("generate", "export-hf"),
    "exchange": ("export", "import"),
    "compare": ("compare", "diff"),
    "response": ("response",),
    "transfer": ("coordcheck",),
    "report": ("report",),
    "keys": ("keys",),
    "serve": ("serve",),
}
"""Each module with its commands, in the order of the help."""

HOME: Final = {command: module for module, commands in MODULES.items() for command in commands}


def commands_of(module: str) -> dict[str, Any]:
    """The commands that a module adds, by name."""
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    importlib.import_module(f"moetui.cli.{module}").register(app)
    return dict(typer.main.get_group(app).commands)


class LazyCommands(TyperGroup):
    """Finds a command by its name alone; whoever wants to know all, as the help does, imports all."""

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]  # typer keeps its base to itself
        """The command of this name, None if there is none."""
        if cmd_name not in self.commands and cmd_name in HOME:
            self.commands.update(commands_of(HOME[cmd_name]))
        return self.commands.get(cmd_name)

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """The names of all commands."""
        return list(HOME)

    def resolve_command(self, ctx: typer.Context, args: list[str]) -> Any:  # type: ignore[override]
        """The command that the line begins with; for a word that is none, what it may have meant is looked for among all."""
        if args and args[0] not in HOME:
            for name in HOME:
                self.get_command(ctx, name)
        return super().resolve_command(ctx, args)
