"""What the Runs screen says in words."""

from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from moetui.core import format as words
from moetui.core.catalogue.records import RunRecord
from moetui.core.query.fields import field
from moetui.core.query.grouping import Together
from moetui.tui.widgets.listing import Listing
from moetui.tui.widgets.run_columns import column
from moetui.tui.widgets.run_lines import ASCENDING, DESCENDING

EMPTY = "Nothing is recorded yet.\nPress 1 to choose a preset and launch runs; they are listed here from then on."
NAMED = 6
"""Runs that a question names; of more it tells the number."""
EMPTY_TRASH = "No deleted runs.\nT goes back to the others."


def empty_text(listing: Listing, *, trash: bool) -> str:
    """What a list without a run says in place of the runs."""
    if listing.hidden:
        return f"{_runs(listing.hidden).capitalize()} here {'is' if listing.hidden == 1 else 'are'} archived.\nA shows them."
    if listing.total:
        return f"None of {_runs(listing.total)} matches {listing.view.query.strip()!r}.\nesc clears the filter."
    return EMPTY_TRASH if trash else EMPTY


def caption(listing: Listing, *, marked: int, hidden: int, trash: bool) -> Text:
    """How many runs are shown, of how many, in which order; `hidden`: marked ones that the filter does not let through."""
    shown, view = len(listing.runs), listing.view
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append("Deleted: " if trash else "", "bold yellow")
    line.append(_runs(shown) if shown == listing.total else f"{shown:,} of {_runs(listing.total)}", "bold")
    line.append(f", {_order(listing)}", "dim")
    if view.group:
        line.append(f", grouped by {field(view.group).title}", "dim")
    if view.differing:
        line.append(", what differs", "dim")
    if listing.hidden:
        line.append(f", {listing.hidden:,} archived", "dim")
    elif view.archived and not trash:
        line.append(", archived too", "dim")
    if marked:
        line.append(f"  {marked:,} marked", "bold")
        line.append(f" ({hidden:,} hidden; " if hidden else " (", "dim").append(
            "o overlays, x compares, c clears)", "dim"
        )
    if query := view.query.strip():
        line.append(f"  filter {query}", "yellow")
        line.append(" (esc clears)", "dim")
    return line


def group_about(group: Together) -> Text:
    """What can be done with a group under the cursor."""
    line = Text(group.title, style="bold", no_wrap=True, overflow="ellipsis")
    return line.append(f"  {_runs(len(group.runs))}; enter folds, space marks them all, z folds every group", "dim")


def filter_fault(fault: str) -> Text:
    """What is wrong with the filter that is being typed; what stands before it is filtered by."""
    return Text(fault, style="bold red", no_wrap=True, overflow="ellipsis")


def about(run: RunRecord) -> Text:
    """What the columns have no room for: id, why the run ended so, tags, note, source."""
    line = Text(run.id, style="bold", no_wrap=True, overflow="ellipsis")
    archived = "archived" if run.archived is not None else ""
    reasons = (archived, run.reason, " ".join(f"#{tag}" for tag in run.tags), run.note, run.source, run.device)
    for part in filter(None, reasons):
        line.append("  " + " ".join(part.split()), "dim")
    return line


def fault_line(error: str, runs_json: Path) -> Text:
    """Why the list cannot be brought up to date; the path is shortened, so that what to do is not cut off."""
    return Text(error.replace(str(runs_json), runs_json.name), style="bold red", no_wrap=True, overflow="ellipsis")


def delete_question(runs: Sequence[RunRecord]) -> str:
    """What to ask before several runs are deleted."""
    return f"{question(f'Delete these {len(runs)} runs?', runs)}\nThey go to the trash (T); u brings them back."


def question(asked: str, runs: Sequence[RunRecord]) -> str:
    """A question about several runs, with the names of the first of them."""
    names = [f"  {run.name}" for run in runs[:NAMED]]
    more = [f"  … and {len(runs) - NAMED:,} more"] if len(runs) > NAMED else []
    return "\n".join((asked, *names, *more))


def these(runs: Sequence[RunRecord]) -> str:
    """The name of one run, the number of several."""
    return runs[0].name if len(runs) == 1 else _runs(len(runs))


def overlaid(runs: Sequence[RunRecord], of: int) -> Text:
    """The head of the page of several runs, out of so many that were wanted."""
    drawn = f"the first {len(runs)} of {of:,} runs" if of > len(runs) else f"{len(runs)} runs"
    line = Text(drawn, style="bold", no_wrap=True, overflow="ellipsis")
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
    if run.retried:
        facts.append(f"retry {run.retried}")
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


def _order(listing: Listing) -> str:
    if listing.order is None:
        return "newest first"
    return f"by {column(listing.order.key).title} {DESCENDING if listing.order.descending else ASCENDING}"
