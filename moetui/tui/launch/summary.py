"""The lines of text beside the lists: what a preset is, what the plan amounts to, and how long it may take."""

from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from moetui.core.cluster.execution import HERE, LOCAL, Execution
from moetui.core.maintenance.offline import needs_network
from moetui.core.planning.plan import PlannedRun
from moetui.core.planning.presets import Preset
from moetui.core.studies.audits import Shared
from moetui.tui.amounts import count_text, runs_text
from moetui.tui.bill import Bill

MANY_RUNS = 8
LONG_SECONDS = 3600.0
"""More runs or a longer time than these are asked about before they start."""
MOST_WARNINGS = 4
"""Warnings that the question tells in full."""
MOST_NAMES = 6
"""Runs that the question names."""


def question(
    due: Sequence[PlannedRun],
    cost: Bill,
    warnings: Sequence[Shared] = (),
    *,
    first: bool = False,
    execution: Execution = HERE,
) -> str:
    """What to ask before these runs start; empty if they are few, short and known, and nothing is wrong with them.

    `cost` is that on this machine; how long a cluster takes is not known.
    `first`: nothing was started from their presets before; then several of them are a plan that is asked back.
    """
    local = execution.backend == LOCAL
    long = local and cost.seconds > LONG_SECONDS
    if len(due) <= (1 if first else MANY_RUNS) and not long and not warnings:
        return ""
    asked = f"Start {runs_text(len(due))} on {f'{cost.place}, {cost.duration}' if local else execution.backend}?"
    if not warnings:
        more = f"\n  … and {len(due) - MOST_NAMES} more" if len(due) > MOST_NAMES else ""
        return "\n".join((asked, *(f"  {run.name}" for run in due[:MOST_NAMES]))) + more
    told = "\n".join(
        f"! {one.finding.kind} ({runs_text(len(one.names))}): {one.finding.evidence}; try: {one.finding.advice}"
        for one in warnings[:MOST_WARNINGS]
    )
    more = f"\n! and {len(warnings) - MOST_WARNINGS} more" if len(warnings) > MOST_WARNINGS else ""
    return f"{told}{more}\n\n{asked}"


def totals(
    runs: Sequence[PlannedRun],
    due: Sequence[PlannedRun],
    cost: Bill | None,
    *,
    pending: int,
    execution: Execution = HERE,
) -> Text:
    """Two lines: how many runs of which size, how many of them are due, on how much text, where and how long.

    `cost` is that of the runs that are due on one device each of this machine, None until it is known.
    """
    several = execution.devices > 1
    local = execution.backend == LOCAL
    models = list(dict.fromkeys(run.config.model for run in runs))
    each = sorted({run.config.tokens for run in runs})
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(runs_text(len(runs)), style="bold")
    if several:
        text.append(f" on {execution.devices} devices each", style="bold")
    if len(due) < len(runs):
        text.append(f", {len(runs) - len(due)} here already", style="bold")
    if len(models) == 1:
        text.append(
            f" · {count_text(models[0].parameters)} parameters, {count_text(models[0].active_parameters)} active"
        )
    else:
        text.append(f" · {len(models)} models")
    if local:
        text.append(f" · on {cost.place}" if cost else " · looking for GPUs")
    else:
        text.append(" · on ").append(execution.backend, style="bold")
    if not due:
        return text.append("\nnothing to run; u runs them anew", style="dim")
    span = count_text(each[0]) if len(each) == 1 else f"{count_text(each[0])} to {count_text(each[-1])}"
    text.append(f"\n{count_text(sum(run.config.tokens for run in due))} tokens ({span} each)")
    if cost and local:
        text.append(" · ")
        text.append(cost.duration, style="bold")
        text.append(" on one device each" if several else "")
    if pending and local:
        text.append(f" after {runs_text(pending)}", style="dim")
    return text


def source_text(preset: Preset, runs: Sequence[PlannedRun], *, offline: bool, scale: str = "") -> str:
    """At which scale a preset is planned, its text, and where it comes from."""
    source = preset.source if preset.built_in else f"your preset, {_in_workspace(preset.path)}"
    at = f"at scale {scale}" if scale else ""
    return " · ".join(part for part in (at, _text_source(runs, offline=offline), source) if part)


def _text_source(runs: Sequence[PlannedRun], *, offline: bool) -> str:
    if not runs:
        return ""
    if any(needs_network(run.config) for run in runs):
        return "needs the network (o: offline text)"
    sources = " and ".join(dict.fromkeys(run.config.data.source for run in runs))
    return f"offline text: {sources}" if offline else f"text: {sources}"


def _in_workspace(path: Path) -> Path:
    """The path of a user's preset from the workspace on: `presets/mine.toml`."""
    folders = path.parts
    start = max((place for place, folder in enumerate(folders) if folder == "presets"), default=0)
    return Path(*folders[start:])
