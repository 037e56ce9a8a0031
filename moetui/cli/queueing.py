"""The queue: `queue` lists what waits and why; hold, release, move and top change it; pause gives a device back to it."""

from typing import TYPE_CHECKING, Annotated

import typer

from moetui.cli.each import on_each
from moetui.cli.list_first import ListFirst
from moetui.cli.look import RunArgument, RunsArgument
from moetui.cli.output import JsonOption, print_json, print_table, say
from moetui.cli.place import lab

if TYPE_CHECKING:
    from moetui.core.catalogue.records import RunRecord
    from moetui.core.queue.queueing import Waiting


queue = typer.Typer(cls=ListFirst, help="List the runs that wait, hold them back, or change their order.")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    queue.command("list")(show)
    queue.command()(hold)
    queue.command()(release)
    queue.command()(drain)
    queue.command()(move)
    queue.command()(top)
    app.add_typer(queue, name="queue")
    app.command()(pause)
    app.command("release")(release)


def show(json: JsonOption = False) -> None:
    """List the runs that wait, the next one first, and what each waits for.

    Example: `moetui queue list --json`.
    """
    from moetui.core.machine.devices import devices
    from moetui.core.queue.queueing import waiting

    _print(waiting(lab(), lab().snapshot(), devices()), json=json)


def hold(references: RunsArgument, json: JsonOption = False) -> int:
    """Hold waiting runs back: they keep their place and do not start until they are released.

    Example: `moetui queue hold $(moetui ls status:queued --ids)`.
    """
    from moetui.core.queue.queueing import hold as hold_run

    return on_each(_found(references), lambda run: hold_run(lab(), run), json=json)


def release(references: RunsArgument, json: JsonOption = False) -> int:
    """Let runs go on in their turn that are paused or held.

    Examples: `moetui release k3f9`, `moetui queue release $(moetui ls status:held --ids)`.
    """
    from moetui.core.queue.pausing import release as release_run

    return on_each(_found(references), lambda run: release_run(lab(), run), json=json)


def pause(references: RunsArgument, json: JsonOption = False) -> int:
    """Pause runs that train: they write a checkpoint and give their device back until `moetui release`.

    They then go on with the same losses, in their turn in the queue. Example: `moetui pause k3f9`.
    """
    from moetui.core.queue.pausing import pause as pause_run

    return on_each(_found(references), lambda run: pause_run(lab(), run), json=json)


def drain(json: JsonOption = False) -> int:
    """Let what trains come to its end and start nothing more: every waiting run is held until it is released.

    Example: `moetui queue drain`, and later `moetui queue release $(moetui ls status:held --ids)`.
    """
    from moetui.core.queue.queueing import hold as hold_run

    snapshot = lab().snapshot()
    code = on_each(
        [run for run in snapshot.pending if run.status == "queued"], lambda run: hold_run(lab(), run), json=json
    )
    say(f"{sum(run.live for run in snapshot.pending)} runs train still")
    return code


def move(
    reference: RunArgument,
    position: Annotated[int, typer.Argument(min=1, help="Its new place, counted from 1; beyond the end is the last.")],
    json: JsonOption = False,
) -> None:
    """Give a waiting run another place in the queue.

    Example: `moetui queue move k3f9 1`.
    """
    from moetui.core.machine.devices import devices
    from moetui.core.queue import queueing

    queueing.move(lab(), lab().find(reference), position)
    _print(queueing.waiting(lab(), lab().snapshot(), devices()), json=json)


def top(reference: RunArgument, json: JsonOption = False) -> None:
    """Put a waiting run in front of all others.

    Example: `moetui queue top k3f9`.
    """
    move(reference, 1, json)


def _found(references: list[str]) -> "list[RunRecord]":
    return [lab().find(reference) for reference in references]


def _print(found: "tuple[Waiting, ...]", *, json: bool) -> None:
    if json:
        print_json(
            [{"place": place, **one.record.model_dump(), "waits_for": one.reason} for place, one in enumerate(found, 1)]
        )
        return
    if not found:
        say("Nothing waits.")
        return
    rows = [
        [str(place), one.record.id, one.record.name, one.record.status, one.reason]
        for place, one in enumerate(found, 1)
    ]
    print_table(["place", "id", "name", "status", "waits for"], rows, right=["place"], names=["name"])
