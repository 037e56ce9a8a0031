"""Commands that change runs or care for the workspace: stop, rm, restore, label, reindex, doctor, gc."""

from typing import TYPE_CHECKING, Annotated

import typer

from moetui.cli.asking import TakeOverOption, YesOption, agreed, agreed_for, taken_over
from moetui.cli.each import on_each
from moetui.cli.look import RunsArgument
from moetui.cli.output import JsonOption, complain, print_json, say
from moetui.cli.place import lab

if TYPE_CHECKING:
    from moetui.core.catalogue.records import RunRecord
    from moetui.core.queue.edit import Done


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(stop)
    app.command("rm")(remove)
    app.command()(restore)
    app.command()(label)
    app.command()(reindex)
    app.command()(doctor)
    app.command("gc")(collect)


def stop(
    references: Annotated[list[str] | None, typer.Argument(help="Runs to stop.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="Stop every run that waits or trains.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Kill at once; nothing after the last checkpoint is kept.")
    ] = False,
    yes: YesOption = False,
    json: JsonOption = False,
) -> int:
    """Stop runs: they finish their update, write a checkpoint and end. Stopping one a second time kills it.

    More than 5 runs are asked about first. Example: `moetui stop --all --yes`.
    """
    from moetui.core.errors import UsageError
    from moetui.core.queue import edit
    from moetui.core.queue.stopping import in_stopping_order

    if not references and not everything:
        raise UsageError("stop: name runs, or use --all")
    runs = in_stopping_order(lab(), lab().snapshot().pending if everything else _found(references or []))
    if not agreed_for(len(runs), "Stop", yes=yes, done="stopped"):
        return 0
    return on_each(runs, lambda run: edit.stop(lab(), run, force=force), json=json)


def remove(
    references: RunsArgument, yes: YesOption = False, force: TakeOverOption = False, json: JsonOption = False
) -> int:
    """Delete runs. Their directories go to runs/.trash, from where `restore` brings them back.

    More than 5 runs are asked about first. Example: `moetui rm $(moetui ls status:failed --ids)`.
    """
    from moetui.core.queue import edit

    runs = _found(references)
    if not (agreed_for(len(runs), "Delete", yes=yes, done="deleted") and taken_over(runs, force=force, done="deleted")):
        return 0
    runs = _found(references)
    return _told(edit.delete_all(lab(), runs), "deleted", json=json)


def restore(references: RunsArgument, json: JsonOption = False) -> int:
    """Bring deleted runs back.

    Example: `moetui restore $(moetui ls --deleted --ids)`.
    """
    from moetui.core.queue import edit

    return _told(edit.restore_all(lab(), _found(references, deleted=True)), "restored", json=json)


def label(
    references: RunsArgument,
    name: Annotated[str | None, typer.Option(help="Give the run another name.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Add a tag.")] = None,
    untag: Annotated[list[str] | None, typer.Option(help="Take a tag away.")] = None,
    note: Annotated[str | None, typer.Option(help="Write a note; empty removes it.")] = None,
    archive: Annotated[
        bool | None,
        typer.Option("--archive/--no-archive", help="Put runs out of sight of `ls`, or back.", show_default=False),
    ] = None,
    yes: YesOption = False,
    json: JsonOption = False,
) -> int:
    """Name, tag, annotate or archive runs. To archive more than 5 is asked about first.

    Example: `moetui label $(moetui ls status:failed --ids) --tag broken --archive`.
    """
    from moetui.core.errors import UsageError
    from moetui.core.queue import edit

    runs = _found(references)
    if name is not None and len(runs) > 1:
        raise UsageError(f"--name: {len(runs)} runs cannot have one name; name one run")
    if archive and not agreed_for(len(runs), "Archive", yes=yes, done="archived"):
        return 0

    def said(run: "RunRecord") -> edit.Said:
        change: edit.Said = {"tags": (*(old for old in run.tags if old not in (untag or [])), *(tag or []))}
        if name is not None:
            change["name"] = name
        if note is not None:
            change["note"] = note
        return change

    changed = edit.label_all(lab(), runs, said)
    if archive is not None:
        changed = edit.archive(lab(), changed, away=archive)
    return _told(edit.Done(tuple(changed)), "labelled", json=json)


def _found(references: list[str], *, deleted: bool = False) -> "list[RunRecord]":
    """The runs of these names, each once."""
    runs = (lab().find(reference, deleted=deleted) for reference in references)
    return list({run.id: run for run in runs}.values())


def _told(done: "Done", word: str, *, json: bool) -> int:
    """Tell what was done to many runs at once, and what could not be done; returns the exit code."""
    for run in done.runs:
        say(f"{run.id} {run.name}: {word}")
    for fault in done.faults:
        complain(fault, code=1)
    if json:
        print_json([run.model_dump() for run in done.runs])
    return 1 if done.faults else 0


def reindex(json: JsonOption = False) -> int:
    """Rebuild runs.json from the run directories; records without one stay, and the former file is kept.

    Example: `moetui reindex`.
    """
    from moetui.core.maintenance.reindex import reindex as rebuild

    found = rebuild(lab())
    for fault in found.damaged:
        say(fault)
    for key in found.lost:
        say(f"record {key}: not whole, and it has no directory to be read from; it is not saved")
    if found.kept is not None:
        say(f"the former file is kept as {found.kept}")
    if json:
        kept = str(found.kept) if found.kept else None
        lists = {"damaged": list(found.damaged), "lost": list(found.lost)}
        print_json({"runs": found.runs, "published": found.published, **lists, "kept": kept})
    else:
        typer.echo(f"{found.runs} runs and {found.published} published results are in {lab().workspace.runs_json}")
    return 1 if found.damaged or found.lost else 0


def doctor(
    fix: Annotated[
        bool,
        typer.Option("--fix", help="Reconcile orphans: processes, runs, directories and records that lost each other."),
    ] = False,
    cluster: Annotated[
        bool, typer.Option("--cluster", help="Submit a small job, which tells what a node sees and can compute on.")
    ] = False,
    json: JsonOption = False,
) -> int:
    """Check what moetui needs: workspace, catalogue, presets, packages, devices, terminal; with --fix put orphans in order.

    Examples: `moetui doctor`, `moetui doctor --fix`, `moetui doctor --cluster`.
    """
    from moetui.core.maintenance.doctor import examine
    from moetui.core.maintenance.orphans import find, reconcile

    if fix:
        for line in reconcile(lab(), find(lab())):
            say(line)
    checks = examine(lab().workspace, cluster=cluster)
    if json:
        print_json([{"check": c.name, "state": c.state, "message": c.message} for c in checks])
    else:
        for check in checks:
            typer.echo(f"{check.state:<8} {check.name:<11} {check.message}")
    return 1 if any(check.state == "error" for check in checks) else 0


def collect(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Show what could be removed, and remove nothing.")
    ] = False,
    trash: Annotated[
        bool, typer.Option("--trash", help="Empty the trash too: its runs cannot be restored then.")
    ] = False,
    yes: YesOption = False,
    json: JsonOption = False,
) -> int:
    """Make room on the disk: remove spare checkpoints of runs that are done, and what killed processes have left.

    Above the setting `checkpoint_quota` also last checkpoints of runs that are done. What a run goes on from stays, as do the best.
    Example: `moetui gc --dry-run --trash`.
    """
    from moetui.core.maintenance.garbage import find, remove
    from moetui.core.runs.quota import room_of

    found = find(lab(), trash=trash)
    room = room_of(lab().workspace)
    if room.quota:
        say(f"Checkpoints take {room.told}, their quota.")
    total = sum(one.size for one in found)
    if not json:
        for one in found:
            typer.echo(f"{one.size / 2**20:10.1f} MB  {one.path.relative_to(lab().workspace.root)}  {one.why}")
    if not dry_run and found:
        if not agreed(f"Remove {len(found)} things, {total / 2**20:.1f} MB?", yes=yes, done="removed"):
            return 0
        found, faults = remove(lab(), found)
        for fault in faults:
            complain(fault, code=1)
    else:
        faults = []
    if json:
        print_json([{"path": str(one.path), "bytes": one.size, "why": one.why, "run": one.run.id} for one in found])
    else:
        word = "can be" if dry_run else "were"
        say(f"{sum(one.size for one in found) / 2**20:.1f} MB {word} removed")
    return 1 if faults else 0
