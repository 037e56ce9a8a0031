"""What the Live screen says in sentences."""

from moetui.core.records import RunRecord
from moetui.tui.feed import Picture

NO_RUNS = "No runs yet.\n\nPress 1, choose a preset and launch it:\nits learning rate, loss and accuracy appear here."
NOT_YET = "Waiting for the runs to appear.\n\nPress f to see all runs."


def instead_of_runs(picture: Picture, *, given: bool) -> str:
    """What stands in the place of the list while it is empty; `given`: certain runs were asked for."""
    if picture.error:
        return picture.error
    if not picture.snapshot.taken:
        return ""  # the first look takes less than a second; a word in between would only flicker
    return NOT_YET if given else NO_RUNS


def stop_question(run: RunRecord) -> str:
    """What to ask before a run that has not ended is stopped."""
    if run.waiting:
        return f"Take {run.name} out of the queue?"
    if run.status == "stopping":
        return f"{run.name} was asked to stop and has not ended yet.\nKill it? What it learned since its last checkpoint is lost."
    return (
        f"Stop {run.name}?\nIt finishes its update, saves a checkpoint and ends.\nStopping it a second time kills it."
    )


def stopped_note(before: RunRecord, after: RunRecord) -> str:
    """What has become of the run after that."""
    if not after.pending:
        return f"{before.name}: {after.status}"
    return f"{before.name} is asked to stop"
