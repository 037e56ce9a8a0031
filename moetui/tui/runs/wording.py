"""What the Runs screen says in words."""

from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from moetui.core import format as words
from moetui.core.records import RunRecord
from moetui.tui.widgets.columns import Column
from moetui.tui.widgets.listing import Listing
from moetui.tui.widgets.run_lines import ASCENDING, DESCENDING

EMPTY = "Nothing is recorded yet.\nPress 1 to choose a preset and launch runs; they are listed here from then on."
EMPTY_TRASH = "No deleted runs.\nT goes back to the others."


def empty_text(listing: Listing, *, trash: bool) -> str:
    """What a list without a run says in place of the runs."""
    if listing.total:
        return f"None of {_runs(listing.total)} matches {listing.query.strip()!r}.\nesc clears the filter."
    return EMPTY_TRASH if trash else EMPTY


def caption(listing: Listing, columns: Sequence[Column], *, marked: int, hidden: int, trash: bool) -> Text:
    """How many runs are shown, of how many, in which order; `hidden`: marked ones that the filter does not let through."""
    shown = len(listing.runs)
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append("Deleted: " if trash else "", "bold yellow")
    line.append(_runs(shown) if shown == listing.total else f"{shown:,} of {_runs(listing.total)}", "bold")
    line.append(f", {_order(listing, columns)}", "dim")
    if marked:
        line.append(f"  {marked} marked", "bold")
        line.append(f" ({hidden} hidden; " if hidden else " (", "dim").append(
            "o overlays, x compares, c clears)", "dim"
        )
    if query := listing.query.strip():
        line.append(f"  filter {query}", "yellow")
        line.append(" (esc clears)", "dim")
    return line


def about(run: RunRecord) -> Text:
    """What the columns have no room for: id, why the run ended so, tags, note, source."""
    line = Text(run.id, style="bold", no_wrap=True, overflow="ellipsis")
    reasons = (run.reason, " ".join(f"#{tag}" for tag in run.tags), run.note, run.source, run.device)
    for part in filter(None, reasons):
        line.append("  " + " ".join(part.split()), "dim")
    return line


def fault_line(error: str, runs_json: Path) -> Text:
    """Why the list cannot be brought up to date; the path is shortened, so that what to do is not cut off."""
    return Text(error.replace(str(runs_json), runs_json.name), style="bold red", no_wrap=True, overflow="ellipsis")


def delete_question(runs: Sequence[RunRecord]) -> str:
    """What to ask before several runs are deleted."""
    names = "\n".join(f"  {run.name}" for run in runs)
    return f"Delete these {len(runs)} runs?\n{names}\nThey go to the trash (T); u brings them back."


def overlaid(runs: Sequence[RunRecord]) -> Text:
    """The head of the page of several runs."""
    line = Text(f"{len(runs)} runs", style="bold", no_wrap=True, overflow="ellipsis")
    without = sum(not run.path for run in runs)
    if without:
        line.append(f"  {without} published: no curves, the final values are single points", "dim")
    return line


def summary(run: RunRecord) -> Text:
    """The head of one run's page: two lines."""
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(run.name, "bold")
    line.append(f"  {run.status}", "bold" if run.pending else "")
    if run.reason:
        line.append(f"  {run.reason}", "dim")
    facts = [f"LR {words.number(run.lr)}"]
    if run.seed is not None:
        facts.append(f"seed {run.seed}")
    facts.append(f"update {run.update} of {run.updates}")
    if run.final is not None:
        facts.append(f"val loss {words.loss(run.final.val_loss)}")
        facts.append(f"accuracy {words.percent(run.final.val_accuracy)}")
        facts.append(f"perplexity {words.number(run.final.val_perplexity)}")
    if run.best is not None:
        at = f" at {run.best.update}" if run.best.update is not None else ""
        facts.append(f"best {words.loss(run.best.val_loss)}{at}")
    if run.final is not None and run.final.seconds is not None:
        facts.append(words.duration(run.final.seconds))
    return line.append("\n" + " · ".join(facts), "dim")


def _runs(count: int) -> str:
    return f"{count:,} run" + ("" if count == 1 else "s")


def _order(listing: Listing, columns: Sequence[Column]) -> str:
    if listing.order is None:
        return "newest first"
    title = next(column.title for column in columns if column.key == listing.order.key)
    return f"by {title} {DESCENDING if listing.order.descending else ASCENDING}"
