"""What the Devices screen says in sentences."""

from collections.abc import Sequence

from rich.text import Text

from moetui.core.maintenance.orphans import Orphan
from moetui.core.queue.queueing import Waiting

SHOWN = 8
"""So many orphans are named one by one before the question; the rest is counted."""


def queue_title(queue: Sequence[Waiting]) -> Text:
    """How many runs wait, and how many of them until they are released."""
    if not queue:
        return Text("Nothing waits.", "dim")
    held, paused = (sum(one.record.status == status for one in queue) for status in ("held", "paused"))
    title = Text("Queue", "bold").append(f"  {len(queue)} run{'s' if len(queue) != 1 else ''}", "dim")
    return title.append(f", {held} held" if held else "", "yellow").append(
        f", {paused} paused" if paused else "", "yellow"
    )


def orphan_line(orphans: Sequence[Orphan]) -> Text:
    """What is orphaned, in one line; empty if nothing is."""
    if not orphans:
        return Text()
    more = f" and {len(orphans) - 1} more" if len(orphans) > 1 else ""
    return Text("R reconciles: ", "bold yellow", no_wrap=True).append(f"{orphans[0].what}{more}", "yellow")


def reconcile_question(orphans: Sequence[Orphan]) -> str:
    """What would be done, for a yes or no."""
    lines = [f"  {one.what}: {one.remedy}" for one in orphans[:SHOWN]]
    if len(orphans) > SHOWN:
        lines.append(f"  and {len(orphans) - SHOWN} more")
    return "\n".join(["Put these in order?", *lines])
