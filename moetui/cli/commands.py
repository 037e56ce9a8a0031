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
    "manage": ("stop", "rm", "restore", "label", "reindex", "doctor", "gc"),
    "queueing": ("pause", "release", "queue"),
    "cluster": ("slurm",),
    "remote": ("pull", "send", "hosts"),
    "model": ("generate", "export-hf"),
    "exchange": ("export", "import"),
    "compare": ("compare", "diff"),
    "response": ("response",),
    "transfer": ("coordcheck", "transfer"),
    "plan": ("plan",),
    "report": ("report",),
    "keys": ("keys",),
    "serve": ("serve",),
}
"""Each module with its commands, in the order of the help."""

SUMMARIES: Final[Mapping[str, str]] = {
    "explain": "Explain the keys of the configuration.",
    "study": "Run a study, or continue it.",
    "refine": "Propose the next learning rates and seeds, or queue them.",
    "search": "Search for the setting with the lowest validation loss.",
    "audit": "Look for faults in learning-rate schedules.",
    "resume": "Let runs that broke off go on from their checkpoints.",
    "rerun": "Start new runs of the same configurations.",
    "fork": "Start new runs that begin with the weights of others.",
    "show": "Show one run with its curves.",
    "health": "Say what is wrong with runs, and what to try.",
    "watch": "Draw runs and their curves until they have ended.",
    "wait": "Wait until runs have ended.",
    "stop": "Stop runs after a last checkpoint.",
    "gc": "Remove spare checkpoints to make room on the disk.",
    "transfer": "Tell how the best learning rate moves with size.",
    "plan": "Divide a budget into sizes, rates and seeds.",
    "reindex": "Rebuild runs.json from the run directories.",
    "cooldown": "Let branches leave a run of constant rate and cool down.",
    "coordcheck": "Check whether widths learn alike in the first updates.",
    "import": "Take in runs that were trained elsewhere.",
    "doctor": "Check what moetui needs, and put orphans in order.",
    "pause": "Let runs give their device back for a while.",
    "release": "Let runs go on that are paused or held.",
    "slurm": "Show the script of jobs on a cluster, and its settings.",
    "hosts": "List the machines that ssh reaches, add or remove one.",
    "pull": "Copy runs from another host, verified.",
    "send": "Send a run to `moetui pull` on another host.",
    "queue": "List the runs that wait, hold or move them.",
    "generate": "Continue a text with the model of a run.",
    "export-hf": "Write the model of a run for `transformers`.",
    "export": "Write the measurements of runs for other programs.",
    "compare": "Compare settings over their seeds.",
    "diff": "Show the keys in which configurations differ.",
    "response": "Show how the score responds to the learning rate.",
    "report": "Write a report with figures and everything it rests on.",
    "keys": "List the keys of the interface.",
    "serve": "Show the interface in a browser.",
    "study run": "Run what is missing of a study.",
    "study status": "Tell how far the studies are, and which setting leads.",
    "queue list": "List the runs that wait, and what each waits for.",
    "queue hold": "Hold waiting runs back; they keep their place.",
    "queue drain": "Let what trains end, and start nothing more.",
    "hosts ls": "List the runs here and on all hosts together.",
    "hosts list": "List the hosts: whether each answers, and its version.",
}
"""What a list of commands says where the first sentence of a command's own help has no room in one line of it."""

FOLLOWING: Final = frozenset({"run", "study", "search", "refine", "plan", "resume", "rerun", "fork", "watch", "wait"})
"""Commands that may stay with runs to their end, and whose exit code tells of it."""

EXIT_CODES: Final = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 130 interrupted."
EXIT_CODES_OF_RUNS: Final = (
    "Exit codes: 0 done, 1 failed, or a run did, 2 wrong usage, 3 not found, 4 a run diverged, 130 interrupted."
)

WORDS: Final = "moetui.words"
"""Where the context keeps the line that another host is to run."""

HOME: Final = {command: module for module, commands in MODULES.items() for command in commands}


def commands_of(module: str) -> dict[str, Any]:
    """The commands that a module adds, by name, each with its line in the list of commands and its exit codes."""
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    importlib.import_module(f"moetui.cli.{module}").register(app)
    commands: dict[str, Any] = dict(typer.main.get_group(app).commands)
    for name, command in commands.items():
        inner = {f"{name} {word}": one for word, one in getattr(command, "commands", {}).items()}
        for words, one in {name: command, **inner}.items():
            one.short_help = SUMMARIES.get(words)
            one.epilog = EXIT_CODES_OF_RUNS if name in FOLLOWING else EXIT_CODES
    return commands


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
        """The command that the line begins with; for a word that is none, what it may have meant is looked for among all.

        A line for another host is left whole for it: that may know other commands.
        """
        if ctx.params.get("host") is not None:
            ctx.meta[WORDS] = tuple(args)
            return args[0], self, args
        if args and args[0] not in HOME:
            for name in HOME:
                self.get_command(ctx, name)
        return super().resolve_command(ctx, args)
