"""The executive summary of a report, and what to do next: the sentences of the statistics in the order of a reader's questions."""

import shlex
from collections import Counter
from collections.abc import Iterator

from moetui.core.report.subject import Subject
from moetui.core.science import findings, wording
from moetui.core.science.difference import why_unjudged
from moetui.core.science.groups import Group
from moetui.core.science.propose import SEEDS, propose

NAMED = 12
"""So many sentences about runs without a value stand in the summary; the table of runs has them all."""


def extent(subject: Subject) -> str:
    """How much the report rests on: `4 settings, 12 runs: 11 finished, 1 diverged`."""
    statuses = Counter(record.standing for record in subject.records)
    settings, runs = len(subject.settings), len(subject.runs)
    ends = ", ".join(f"{count} {status}" for status, count in statuses.most_common())
    seeds = sorted({setting.n for setting in subject.settings})
    each = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    return f"{_many(settings, 'setting')}, {_many(runs, 'run')}: {ends}. Runs with a loss in each setting: {each}."


def verdicts(subject: Subject) -> Iterator[str]:
    """What the runs say, a sentence for each fact."""
    if waiting := sum(record.pending for record in subject.records):
        yield f"Not over yet: {_many(waiting, 'run')} may still change what is said here."
    yield wording.conclusion(subject.comparison)
    yield wording.conclusion(subject.comparisons["val_accuracy"])
    for response in subject.responses["val_loss"]:
        name = f"{response.name}: " if response.name else ""
        yield from (f"{name}{sentence}" for sentence in findings.sentences(response))
    yield from map(findings.movement, subject.movements)
    without = list(wording.without_value(subject.settings))
    yield from (f"{line}." for line in without[:NAMED])
    if len(without) > NAMED:
        yield f"{len(without) - NAMED} more settings or runs without a value are in the table of runs."
    if subject.caveats:
        what = ", ".join(caveat.what for caveat in subject.caveats)
        yield f"Not everything was equal: {what} differ (see Caveats)."


def single(subject: Subject) -> list[Group]:
    """The settings with one seed, of which the noise between seeds is not known."""
    return [setting for setting in subject.settings if setting.n == 1 and not setting.diverged]


def next_steps(subject: Subject) -> tuple[list[str], list[str]]:
    """Sentences on what to do next, and the commands that do it."""
    word = subject.item.word
    steps = [
        f"{f'{response.name}: ' if response.name else ''}{findings.proposal(step)}"
        for response in subject.responses["val_loss"]
        for step in propose(response)
    ]
    own = any(run.config and not run.record.published for run in subject.runs)
    commands = [f"moetui refine {shlex.quote(word)}"] if steps and own else []
    if (alone := single(subject)) and subject.item.kind in ("study", "preset"):
        steps.append(f"{_many(len(alone), 'setting')} with one seed: {SEEDS} seeds each give a first verdict.")
        commands.append(f"moetui study {shlex.quote(word)} --seeds {SEEDS}")
    if not subject.responses["val_loss"]:
        steps += undecided(subject)
    if not steps:
        steps.append(_nothing_to_do(subject))
    return steps, commands


def undecided(subject: Subject) -> Iterator[str]:
    """What it would take to tell the settings apart that may all be the best, if that matters."""
    comparison = subject.comparison
    candidates, needed = comparison.candidates, comparison.seeds_needed
    if len(candidates) < 2 or needed is None or candidates[0].costs_at_most <= needed.difference:
        return
    if span := wording.seed_span(needed):
        labels = ", ".join(candidate.group.label for candidate in candidates)
        yield f"{labels}: {span} seeds each would find a difference of {comparison.measure.gap(needed.difference)}."


def _nothing_to_do(subject: Subject) -> str:
    comparison = subject.comparison
    if len(subject.settings) == 1:
        return "One setting alone: only others beside it could say whether it is good."
    if comparison.best is None:
        return "No setting can be the best as long as runs of each diverge or mix learning rates."
    if len(comparison.judged) < 2:
        return f"No verdict is possible: {why_unjudged(comparison.best) or 'only one setting has several seeds'}."
    return (
        "More runs of these settings would change nothing that matters: taking the best costs less than the tolerance."
    )


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
