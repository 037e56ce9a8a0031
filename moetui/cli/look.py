"""Commands that look at runs: show, health, logs, watch, wait; `ls` has a module of its own."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from moetui.cli.output import JsonOption, print_json
from moetui.cli.place import lab
from moetui.cli.terminal import CharsetOption, Look, Remote, ThemeOption, chosen_charset, open_terminal

if TYPE_CHECKING:
    from moetui.core.catalogue.records import RunRecord

PAUSE_SECONDS, SLOW_SECONDS = 0.5, 2.0
"""Between two drawings of `watch`, and over a slow link."""

RunArgument = Annotated[str, typer.Argument(help="Id, unique beginning of an id, or name.", show_default=False)]
RunsArgument = Annotated[list[str], typer.Argument(help="Ids, unique beginnings of ids, or names.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(show)
    app.command()(health)
    app.command()(logs)
    app.command()(watch)
    app.command()(wait)


def show(
    reference: RunArgument,
    history: Annotated[bool, typer.Option("--history", help="With --json: add every record of the metrics.")] = False,
    json: JsonOption = False,
) -> None:
    """Show one run: scores, configuration, provenance, findings, and its curves.

    Examples: `moetui show quickstart/lr=0.05`, `moetui show k3f9 --json --history`.
    """
    from moetui.core.collector import resting
    from moetui.core.runs.detail import detail

    with resting():
        found = detail(lab(), lab().find(reference))
        if json:
            print_json(found.tree(history=history))
            return
        from moetui.cli.chart import print_chart
        from moetui.tui.curves.run_charts import run_charts

        typer.echo("\n".join(found.lines()))
        for spec in run_charts(found):
            print_chart(spec)


def health(references: RunsArgument, json: JsonOption = False) -> None:
    """Say what is wrong with runs, as they are now: each finding with its evidence and what to try.

    Example: `moetui health $(moetui ls status:running --ids)`.
    """
    from moetui.core.runs.detail import detail
    from moetui.core.runs.same_order import SameOrder

    beside = SameOrder(lab())
    found = [detail(lab(), lab().find(reference), beside) for reference in references]
    if json:
        print_json([one.health_tree() for one in found])
        return
    for one in found:
        typer.echo(f"{one.record.name}  ({one.record.id})  {one.record.status}")
        typer.echo("\n".join(f"  {line}" for line in one.health()))


def logs(
    reference: RunArgument,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run has ended.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Only the last so many lines; 0 prints all.")] = 0,
    rank: Annotated[int, typer.Option(min=0, metavar="R", help="Of a run on several devices, the log of rank R.")] = 0,
    json: JsonOption = False,
) -> None:
    """Print the log of a run.

    Examples: `moetui logs k3f9 -f`, `moetui logs k3f9 -n 20`.
    """
    import time

    from engine.runfiles.rankfiles import rank_log
    from moetui.core.runs.log import last_lines_begin, log_pieces

    record = lab().find(reference)
    log = rank_log(lab().run_dir(record), rank)
    offset = last_lines_begin(log, lines) if lines else 0
    if json:
        text = "".join(text for text, _ in log_pieces(log, offset))
        print_json({"id": record.id, "path": str(log), "text": text})
        return
    while True:
        ended = not (follow and lab().see(record).pending)  # asked before the last read, so that nothing is missed
        for text, end in log_pieces(log, offset):
            sys.stdout.write(text)
            offset = end
        sys.stdout.flush()
        if ended:
            return
        time.sleep(0.25)


def watch(
    references: Annotated[
        list[str] | None, typer.Argument(help="Runs to watch; default: the newest.", show_default=False)
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Print them as they are now, and leave.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Open the Live screen of the interface on them.")] = False,
    remote: Remote = None,
    charset: CharsetOption = None,
    theme: ThemeOption = None,
    timeout: Annotated[
        float | None,
        typer.Option(min=0, help="With --json: give up after so many seconds without news (exit code 1)."),
    ] = None,
    json: JsonOption = False,
) -> int:
    """Draw runs and their curves in place, in a block that renews itself, until they have ended; the exit code is that of `wait`.

    Without a terminal the block is printed once. With --json the runs that are named, or all that are at work, are streamed until
    they have ended: one object a line, `record` for each record, `status` for each change, `ended` with the scores.

    Examples: `moetui watch`, `moetui watch lr=0.05 --once`, `moetui watch --json | jq 'select(.event == "ended")'`.
    """
    shown = [lab().find(reference).id for reference in references or []]
    if full:
        open_terminal(Look(remote, charset, theme), watch=shown, start="live")
        return 0
    from moetui.cli.follow import exit_code

    if json and not once:
        from moetui.core.queue.stream import Stream

        stream = Stream(lab(), shown or [run.id for run in lab().snapshot().pending], idle=timeout)
        for event in stream.events():
            print_json(event, line=True)
        return 1 if any(run.pending for run in stream.runs) else exit_code(stream.runs)
    from engine.spec.harmless import own_stream
    from moetui.core.terminal import is_dumb, is_remote
    from moetui.tui.inline import Dashboard, print_once, watch_inline

    dashboard = Dashboard(lab(), shown, chosen_charset(charset))
    if json:
        dashboard.lines(0, 0)
        print_json([run.model_dump() for run in dashboard.runs])
    elif once or not sys.stdout.isatty() or is_dumb():
        print_once(dashboard, own_stream(sys.stdout))
    else:
        pause = SLOW_SECONDS if (is_remote() if remote is None else remote) else PAUSE_SECONDS
        return exit_code(watch_inline(dashboard, own_stream(sys.stdout), pause=pause))
    return 0


def wait(
    references: RunsArgument,
    timeout: Annotated[float | None, typer.Option(min=0, help="Give up after so many seconds (exit code 1).")] = None,
    json: JsonOption = False,
) -> int:
    """Wait until runs have ended; the exit code tells how: 0, 1 failed, 4 diverged.

    Example: `moetui wait k3f9 && moetui compare quickstart`.
    """
    from moetui.cli.follow import exit_code, report
    from moetui.core.queue.follow import until_ended

    ids = [lab().find(reference).id for reference in references]
    runs: list[RunRecord] = []
    for runs, _ in until_ended(lab(), ids, timeout=timeout):  # noqa: B007  # the last look is what counts
        pass
    report(lab(), runs, json=json)
    return 1 if any(run.pending for run in runs) else exit_code(runs)
