"""The command `moetui`. Commands are imported when they are asked for, and what they need when they are called."""

import gc
import os
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from moetui.cli.commands import WORDS, LazyCommands
from moetui.cli.output import complain
from moetui.cli.terminal import CharsetOption, Look, Remote, ThemeOption, TourOption, look_words, open_terminal

# To look for plugins, pydantic reads of every package that is installed; we have none.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

app = typer.Typer(
    name="moetui",
    cls=LazyCommands,
    help="Learning-rate research on Mixture-of-Experts language models. Without a command: the terminal interface.",
    rich_markup_mode=None,
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

WorkspaceOption = Annotated[
    Path | None,
    typer.Option("--workspace", "-w", help="Directory of runs.json (default: MOETUI_WORKSPACE, or the current one)."),
]


@app.callback(invoke_without_command=True)
def moetui(
    context: typer.Context,
    workspace: WorkspaceOption = None,
    host: Annotated[
        str | None,
        typer.Option(
            "--host", metavar="HOST", help="Run the command on a host of `moetui hosts`, or at user@box, by ssh."
        ),
    ] = None,
    remote: Remote = None,
    charset: CharsetOption = None,
    theme: ThemeOption = None,
    tour: TourOption = None,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Open the terminal interface, unless a command is given."""
    from moetui.cli.place import choose_workspace

    if version:
        from importlib.metadata import version as version_of

        typer.echo(version_of("moetui"))
        raise typer.Exit
    if host is not None:
        from moetui.cli.remote import run_there

        look = Look(remote, charset, theme)
        words = context.meta.get(WORDS) or look_words(look, tour=tour)
        raise typer.Exit(run_there(host, None if workspace is None else str(workspace), words))
    choose_workspace(workspace)
    # Records of thousands of runs are no garbage, and looking through them again and again takes a third of a command's time.
    gc.set_threshold(2_000_000, 20, 100)
    if context.invoked_subcommand is None:
        open_terminal(Look(remote, charset, theme), tour=tour)


def main() -> None:
    """Run the command line; every foreseen fault is one line on stderr and an exit code (see docs/cli.md)."""
    from engine.spec.harmless import harmless_output
    from moetui.cli.place import tell_faults

    with harmless_output():
        try:
            code = _guarded()
            tell_faults()
        except Exception:
            traceback.print_exc()  # here, so that it is made harmless as well
            code = 1
    gc.freeze()  # what is left goes with the process: looking for garbage in it takes a fifth of the time of a long command
    sys.exit(code)


def _guarded() -> int:
    from engine.spec.harmless import own_stream
    from moetui.core.errors import LabError

    try:
        code = app(standalone_mode=False)
    except typer.TyperException as error:  # wrong usage
        return complain(error.format_message(), hint="see `moetui --help`", code=2)
    except LabError as error:
        return complain(str(error), code=error.exit_code)
    except ValueError as error:
        from engine.runfiles.jsonfile import DamagedFile  # not above: `--help` must not wait for it

        if isinstance(error, DamagedFile):
            return complain(str(error), code=1)
        raise
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BrokenPipeError:
        own_stream(sys.stderr).close()  # the reader of our pipe is gone; nobody is left to tell
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return complain(f"{where}{error.strerror or error}", code=1)
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    main()
