"""What the Runs screen and the page of a run do to runs, each as a function that returns the sentence that says so.

They read and write files: they belong in a thread. All raise `LabError`.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import LabError
from moetui.core.exchange.exporting import export
from moetui.core.queue import edit, resuming
from moetui.core.queue.branching import branches
from moetui.core.queue.stopping import in_stopping_order
from moetui.core.runs.detail import detail
from moetui.core.runs.lab import Lab
from moetui.core.runs.same_order import SameOrder
from moetui.tui.run.stopping import stopped_note
from moetui.tui.run.tags import edited_tags
from moetui.tui.run.wording import these

Runs = Sequence[RunRecord]


def tag(lab: Lab, runs: Runs, common: Sequence[str], line: str) -> str:
    """Replace the tags that runs have in common by the words of a line."""
    edit.label_all(lab, runs, lambda run: {"tags": edited_tags(run, common, line)})
    return f"tagged {these(runs)}"


def note(lab: Lab, run: RunRecord, text: str) -> str:
    """Replace the note of a run."""
    edit.label(lab, run, note=text)
    return f"noted on {run.name}"


def rename(lab: Lab, run: RunRecord, name: str) -> str:
    """Give a run another name."""
    return f"{run.id} is now {edit.label(lab, run, name=name).name}"


def archive(lab: Lab, runs: Runs, *, away: bool) -> str:
    """Put runs out of sight, or back."""
    edit.archive(lab, runs, away=away)
    return f"archived {these(runs)}; A shows archived runs" if away else f"{these(runs)}: back from the archive"


def stop(lab: Lab, runs: Runs) -> str:
    """Ask runs to stop; those that were asked before are killed."""
    return _each(in_stopping_order(lab, runs), lambda run: stopped_note(run, edit.stop(lab, run)))


def resume(lab: Lab, runs: Runs) -> str:
    """Let runs that broke off go on from their newest checkpoint."""
    return _each(runs, lambda run: f"{resuming.resume(lab, run).name} is queued to go on; 2 watches it")


def rerun(lab: Lab, runs: Runs) -> str:
    """Queue the same configurations, seeds included, as new runs."""
    return _each(runs, lambda run: f"{resuming.rerun(lab, run).name} is queued once more; 2 watches it")


def fork(lab: Lab, runs: Runs, settings: Mapping[str, Any], checkpoint: Literal["best", "last"]) -> str:
    """Queue new runs that begin with the weights of these, with other settings."""
    return _each(runs, lambda run: f"{resuming.fork(lab, run, settings, checkpoint).name} is queued; 2 watches it")


def cooldown(lab: Lab, runs: Runs, at: Sequence[float], length: float | None) -> str:
    """Queue branches that leave these runs and cool down."""
    return _each(runs, lambda run: f"{', '.join(one.name for one in branches(lab, run, at, length))} queued; 2 watches")


def export_runs(lab: Lab, runs: Runs, to: Path, kind: str, *, force: bool) -> str:
    """Write the measurements of runs for other programs."""
    beside = SameOrder(lab)
    written = export([detail(lab, run, beside) for run in runs], to, kind, force=force)
    return f"exported {these(runs)} to {written[0] if len(written) == 1 else f'{len(written)} files in {to}'}"


def _each(runs: Runs, act: Callable[[RunRecord], str]) -> str:
    """Do one thing to each run; a run for which it fails does not keep the others from it. Raises what failed, if all did."""
    said, faults = [], []
    for run in runs:
        try:
            said.append(act(run))
        except LabError as error:
            faults.append(str(error))
    if not said:
        raise LabError("; ".join(_few(faults)))
    return "\n".join(_few(said if len(said) <= 3 else [f"{len(said)} runs: done, the last: {said[-1]}"]) + _few(faults))


def _few(lines: list[str], most: int = 4) -> list[str]:
    return lines if len(lines) <= most else [*lines[: most - 1], f"… and {len(lines) - most + 1} more"]
