"""What concerns a cluster: `slurm template` and `slurm show`."""

import typer

from moetui.cli.output import JsonOption, print_json, say
from moetui.cli.place import lab

slurm = typer.Typer(help="Show the script of jobs on a cluster, and its settings.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    slurm.command()(template)
    slurm.command()(show)
    app.add_typer(slurm, name="slurm")


def template(json: JsonOption = False) -> None:
    """Print the script of the jobs.

    A copy named slurm.sh in the workspace is used in its place. Example: `moetui slurm template > slurm.sh`.
    """
    from moetui.core.cluster import slurm as cluster

    if json:
        print_json({"template": cluster.template()})
    else:
        typer.echo(cluster.template(), nl=False)


def show(json: JsonOption = False) -> None:
    """Show what SLURM answers, and what jobs ask for.

    What they ask for is the table `[slurm]` of the settings. Example: `moetui slurm show`.
    """
    from moetui.core.cluster.resources import resources
    from moetui.core.cluster.slurm import Slurm

    workspace = lab().workspace
    asked = resources(workspace, {}).model_dump(exclude_none=True)
    answer = Slurm(workspace).describe()
    if json:
        print_json({"slurm": answer, "resources": asked})
        return
    say(answer)
    typer.echo("\n".join(f"{key} = {value}" for key, value in asked.items()))
