"""Stays with runs until they have ended: with the dashboard on a terminal, with lines elsewhere."""

import sys
from collections.abc import Sequence

from moetui.cli.output import print_json, print_table, say
from moetui.cli.terminal import Look, can_draw, open_terminal
from moetui.core import format as fmt
from moetui.core.catalogue.records import RunRecord
from moetui.core.queue.follow import Narrator, until_ended
from moetui.core.queue.outcome import verdict
from moetui.core.runs.lab import Lab


def follow_runs(lab: Lab, run_ids: Sequence[str], *, json: bool = False, plain: bool = False) -> int:
    """Follow runs to their end and print what came of them. Returns the exit code that the runs deserve."""
    if can_draw() and sys.stdout.isatty() and not (json or plain):
        open_terminal(Look(), watch=run_ids, until_ended=True)
    else:
        narrator = Narrator(lab)
        for runs, states in until_ended(lab, run_ids):
            for line in narrator.lines(runs, states):
                say(line)
    found = {run.id: run for run in lab.snapshot().runs}
    return report(lab, [found[run_id] for run_id in run_ids if run_id in found], json=json)


def report(lab: Lab, runs: Sequence[RunRecord], *, json: bool) -> int:
    """Print a table of runs and the verdict."""
    if json:
        print_json([run.model_dump() for run in runs])
        return exit_code(runs)
    print_table(
        ["id", "name", "status", "lr", "updates", "val loss", "accuracy", "perplexity", "time"],
        [
            [
                run.id,
                run.name,
                run.status,
                fmt.number(run.lr),
                f"{run.update}/{run.updates}",
                fmt.loss(run.final.val_loss if run.final else None),
                fmt.percent(run.final.val_accuracy if run.final else None),
                fmt.number(run.final.val_perplexity if run.final else None),
                fmt.duration(run.final.seconds if run.final else None),
            ]
            for run in runs
        ],
        right=("lr", "updates", "val loss", "accuracy", "perplexity", "time"),
        spare=("perplexity", "time", "updates", "accuracy"),
    )
    for run in runs:
        if run.reason and not run.pending:
            say(f"{run.id} {run.status}: {run.reason}")
    pending = sum(run.pending for run in runs)
    if pending:
        say(
            f"{pending} of {len(runs)} go on in the background; `moetui watch` shows them, `moetui wait` waits for them."
        )
    elif runs:
        print(verdict(runs))
    return exit_code(runs)


def exit_code(runs: Sequence[RunRecord]) -> int:
    """0 if all is well, 1 if a run failed or was killed, 4 if one diverged."""
    statuses = {run.status for run in runs}
    if statuses & {"failed", "killed", "lost", "out-of-memory"}:
        return 1
    return 4 if "diverged" in statuses else 0
