"""Other machines: `--host` runs a command there, `hosts` lists and names them, `pull` copies a run from there."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from moetui.cli.list_first import ListFirst
from moetui.cli.listing import cells
from moetui.cli.look import RunArgument, RunsArgument
from moetui.cli.output import JsonOption, complain, complain_of, print_json, print_table, say
from moetui.cli.place import lab

if TYPE_CHECKING:
    from moetui.core.catalogue.records import RunRecord
    from moetui.core.errors import LabError
    from moetui.core.remote.hosts import Host

NameArgument = Annotated[str, typer.Argument(help="What the host is called here.", show_default=False)]


hosts = typer.Typer(cls=ListFirst, help="List the machines that ssh reaches, add or remove one.")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    hosts.command("list")(show)
    hosts.command("ls")(list_runs)
    hosts.command()(add)
    hosts.command()(remove)
    app.add_typer(hosts, name="hosts")
    app.command()(pull)
    app.command()(send)


def show(json: JsonOption = False) -> None:
    """List the hosts of your settings: whether each can be reached without a password, and which moetui it has.

    Example: `moetui hosts`.
    """
    from concurrent.futures import ThreadPoolExecutor

    from moetui.core.remote.hosts import hosts as known

    found = list(known().values())
    with ThreadPoolExecutor(max_workers=16) as pool:
        rows = list(pool.map(_row, found))
    if json:
        print_json(rows)
    elif rows:
        cells = [[row["name"], row["address"], row["workspace"] or "–", row["version"] or row["fault"]] for row in rows]
        print_table(["name", "address", "workspace", "moetui"], cells, names=["name"])
    else:
        say("No host was named yet: moetui hosts add box user@box")


def _row(host: "Host") -> dict[str, Any]:
    from moetui.core.errors import LabError
    from moetui.core.remote.ssh import version

    row: dict[str, Any] = {**host.model_dump(), "reachable": True, "version": None, "fault": ""}
    try:
        row["version"] = version(host)
    except LabError as error:
        row |= {"reachable": False, "fault": str(error).removeprefix(f"{host.name}: ")}
    return row


def list_runs(
    words: Annotated[
        list[str] | None,
        typer.Argument(help="Only runs that the filter lets through, as in `moetui ls`.", show_default=False),
    ] = None,
    json: JsonOption = False,
) -> int:
    """List the runs of this workspace and of all hosts together, the newest first. A host that does not answer is told of.

    Example: `moetui hosts ls status:running`.
    """
    from concurrent.futures import ThreadPoolExecutor

    from moetui.core.query.fields import field
    from moetui.core.query.filtering import parse_filter
    from moetui.core.remote.hosts import hosts as known

    line = " ".join(words or ())
    wanted = parse_filter(line)
    here = [run for run in lab().snapshot().runs if not run.published and run.archived is None and wanted.matches(run)]
    found, code = [("", run) for run in here], 0
    places = list(known().values())
    with ThreadPoolExecutor(max_workers=16) as pool:
        for host, answer in zip(places, pool.map(lambda host: _runs_or_fault(host, line), places), strict=True):
            if isinstance(answer, list):
                found += [(host.name, run) for run in answer]
            else:
                code = complain_of(answer)
    found.sort(key=lambda one: one[1].created, reverse=True)
    if json:
        print_json([{"on": name or None, **run.model_dump()} for name, run in found])
        return code
    columns = [field(key) for key in ("id", "name", "status", "lr", "seed", "updates", "val_loss", "created")]
    rows = [[name or "here", *cells(run, columns)] for name, run in found]
    right = [one.title for one in columns if one.kind not in ("text", "moment")]
    print_table(["host", *(one.title for one in columns)], rows, right=right, spare=["created", "seed"])
    return code


def _runs_or_fault(host: "Host", line: str) -> "list[RunRecord] | LabError":
    from moetui.core.errors import LabError
    from moetui.core.remote.runs import runs_on

    try:
        return runs_on(host, [line] if line else [])
    except LabError as error:
        return error


def add(
    name: NameArgument,
    address: Annotated[str, typer.Argument(help="As ssh takes it: user@box, or a Host of ~/.ssh/config.")],
    workspace: Annotated[
        str, typer.Option("--workspace", metavar="DIR", help="Its workspace there.", show_default=False)
    ] = "",
    command: Annotated[
        str, typer.Option("--command", metavar="PATH", help="moetui there, if not on PATH.", show_default=False)
    ] = "",
    json: JsonOption = False,
) -> None:
    """Name a host in your settings; one of the same name is replaced.

    Example: `moetui hosts add box me@box --workspace ~/moe --command ~/venv/bin/moetui`.
    """
    from moetui.core.remote.hosts import add_host, named_host

    host = named_host(name, address, workspace, command)
    add_host(host)
    if json:
        print_json(host.model_dump())
    else:
        say(f"{name} is {address}; `moetui --host {name} ls` lists its runs")


def remove(name: NameArgument, json: JsonOption = False) -> None:
    """Take a host out of your settings.

    Example: `moetui hosts remove box`.
    """
    from moetui.core.remote.hosts import remove_host

    host = remove_host(name)
    if json:
        print_json(host.model_dump())
    else:
        say(f"{name} was {host.address}")


def pull(
    references: RunsArgument,
    source: Annotated[
        str, typer.Option("--from", metavar="HOST", help="A host of `moetui hosts`, or user@box.", show_default=False)
    ],
    json: JsonOption = False,
) -> int:
    """Copy runs that have ended from another host into this workspace, and verify every byte.

    None that is here is touched. After a broken connection the same command goes on where that ended.
    Example: `moetui pull k3f9 --from me@box`.
    """
    from moetui.core.errors import LabError
    from moetui.core.remote.hosts import find_host
    from moetui.core.remote.pulling import pull as pull_run

    host, code, rows = find_host(source), 0, []
    for reference in references:
        try:
            pulled = pull_run(lab(), host, reference)
        except LabError as error:
            code = complain_of(error)
            continue
        rows.append(
            {"files": pulled.files, "bytes": pulled.size, "received": pulled.received, **_run_row(pulled.record)}
        )
        say(f"{pulled.record.id} {pulled.record.name}: {pulled.files} files, {pulled.size / 1e6:.1f} MB")
    if json:
        print_json(rows)
    return code


def _run_row(record: "RunRecord") -> dict[str, Any]:
    return {"id": record.id, "name": record.name, "status": record.status, "path": record.path}


def send(reference: RunArgument, json: JsonOption = False) -> None:
    """Send a run that has ended to `moetui pull`, which calls this command on the host that it copies from.

    With `--json`: list the files that would be sent. Example: `moetui send k3f9 --json`.
    """
    from moetui.core.remote.sending import parts
    from moetui.core.remote.sending import send as send_run

    record = lab().find(reference)
    if json:
        run = lab().run_dir(record)
        files = [{"name": name, "bytes": path.stat().st_size} for name, path in parts(run) if path.is_file()]
        print_json({**_run_row(record), "files": files})
        return
    send_run(lab(), record, sys.stdin.buffer, sys.stdout.buffer)


def run_there(host_text: str, workspace: str | None, words: Sequence[str]) -> int:
    """Run a command of moetui on a host, on this terminal if there is one. Returns its exit code.

    Raises `LabError` if the host cannot be reached.
    """
    import subprocess

    from moetui.core.remote.hosts import find_host
    from moetui.core.remote.ssh import ABSENT, BROKEN, absent, connect, remote_words, ssh_command

    host = find_host(host_text)
    if workspace is not None:
        host = host.model_copy(update={"workspace": workspace})
    connect(host)
    on_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    command = ssh_command(host, remote_words(host, words), "-q", "-t" if on_terminal else "-T")
    code = subprocess.run(command, check=False).returncode
    if code == BROKEN:
        return complain(f"{host.name}: the connection broke; what runs there goes on", code=1)
    if code == ABSENT:
        return complain(f"{host.name}: {absent(host)}", code=1)
    return code
