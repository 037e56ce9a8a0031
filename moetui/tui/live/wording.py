"""What the Live screen says in sentences."""

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
