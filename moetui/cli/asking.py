"""The question before something that cannot be taken back at once, or that many runs would suffer."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from moetui.cli.output import say
from moetui.cli.place import lab

if TYPE_CHECKING:
    from moetui.core.catalogue.records import RunRecord

FEW = 5
"""So many runs are deleted, stopped or archived without a question."""

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")]


TakeOverOption = Annotated[
    bool, typer.Option("--force", help="Take over runs of another machine that has fallen silent, without a question.")
]


def agreed(question: str, *, yes: bool, done: str) -> bool:
    """Whether the user wants what the question asks. `done` says what nothing was if not: "queued", "deleted".

    Raises `UsageError` if nobody can be asked and the answer was not given beforehand.
    """
    from moetui.core.errors import UsageError

    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError(
            f"{question} nothing was {done}: stdin is no terminal, so nobody can be asked; --yes answers beforehand"
        )
    # Not typer.confirm: it writes a space to stdout, where a result is to stand alone.
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().casefold() in ("y", "yes"):
        return True
    say(f"Nothing was {done}.")
    return False


def taken_over(runs: "Sequence[RunRecord]", *, force: bool, done: str) -> bool:
    """Ask about runs of other machines that have fallen silent, and take them over. False if the user wants that not.

    Raises `UsageError` if nobody can be asked and `force` does not answer beforehand.
    """
    from moetui.core.errors import UsageError
    from moetui.core.queue import edit

    for run in runs:
        if why := edit.silent_elsewhere(lab(), run):
            if not force and not sys.stdin.isatty():
                raise UsageError(
                    f"{why}; nothing was {done}: --force takes it over, and after 10 minutes it counts as lost"
                )
            if not agreed(f"{why}. Take it over?", yes=force, done=done):
                return False
            edit.take_over(lab(), run)
    return True


def agreed_for(count: int, verb: str, *, yes: bool, done: str) -> bool:
    """Whether so many runs are to be changed: a few are not asked about. Raises `UsageError` as `agreed` does."""
    return count <= FEW or agreed(f"{verb} {count:,} runs?", yes=yes, done=done)
