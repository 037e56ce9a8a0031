"""What is asked before a run is stopped, and what is said after it, or after one was paused or released."""

from moetui.core.catalogue.records import RunRecord


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


def paused_note(after: RunRecord) -> str:
    """What has become of a run that was paused or released."""
    if after.waiting:
        return f"{after.name}: {after.status}"
    return f"{after.name} pauses after a checkpoint; P lets it go on"
