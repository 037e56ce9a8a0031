"""docs/studies/README.md: what the studies are, what they say of each claim, and by which rules."""

import textwrap
from collections.abc import Iterator, Sequence

from moetui.core import format as fmt
from moetui.core.planning.presets import Library
from moetui.core.planning.scale import base_at
from moetui.core.report.artifacts import choices
from pictures.studies.claim import Claim
from pictures.studies.conclusions import RULES
from pictures.studies.gathered import Study, only
from pictures.studies.noise import noise_of
from pictures.studies.rates import agreement, correlation_claim, guide_claims, phase_1_claims
from pictures.studies.schedules import schedule_claims

SPLIT = {"document": "whole documents are held out", "overlap": "training and validation text overlap"}
WIDTH = 132
"""Columns that a paragraph is wrapped at."""


def page(phase_1: Study, schedules: Study, guide: Study) -> str:
    """The whole page."""
    studies = (phase_1, schedules, guide)
    parts = [
        "# Three studies of the documents, run for real",
        "<!-- Written by `make studies` from runs.json; a test compares the two. Change pictures/studies, not this file. -->",
        _what(studies),
        _table(studies),
        "These commands train them in an empty workspace, and report on them:",
        "\n".join(_commands(studies)),
        _differences(studies),
        _missing(studies),
        "## What they say about the claims",
        "Losses are final validation losses in nats, ± is half a 95 % interval that holds for all pairs of a study together. "
        "*Here* means this model, this text and so few updates: what does not hold here may hold for the model of the document.",
        _claims(claims(phase_1, schedules, guide)),
        _picture(guide, "learning_rate_analysis.png"),
        _picture(schedules, "cosine_annealing_results_comparison.png"),
        "## Beyond the documents",
        "How the best learning rate moves with the width of the model, in two parametrizations: "
        "[report](transfer-width/report.md), and [what it says](../transfer.md).",
        "## How a conclusion follows",
        "By the verdicts of `moetui compare` and `moetui response` ([methods](../methods.md)), each with 95 % confidence by "
        "itself. Where neither column applies, the claim is **open**.",
        _rules(),
        "What may be the best is asked of each setting against all others, and in one direction only. So the list can leave out a "
        "setting that no single pair calls worse.",
        "## Noise",
        "Standard deviation of the difference between two single runs that differ by chance alone:",
        "\n".join(f"- {line}" for line in _noise(studies)),
        "## Two lengths",
        agreement(phase_1, guide),
    ]
    return "\n\n".join(map(_wrapped, parts)) + "\n"


def _wrapped(part: str) -> str:
    """A paragraph in lines; tables, lists and what is more than one line already stay as they are."""
    if "\n" in part or part.startswith(("-", "#", "<", "!")):
        return part
    return textwrap.fill(part, WIDTH, break_on_hyphens=False, break_long_words=False)


def claims(phase_1: Study, schedules: Study, guide: Study) -> list[Claim]:
    """All claims in the order of the page."""
    return [
        *phase_1_claims(phase_1),
        *guide_claims(guide),
        correlation_claim(phase_1, guide),
        *schedule_claims(schedules),
    ]


def _what(studies: Sequence[Study]) -> str:
    runs = [run for study in studies for run in study.subject.runs]
    records = [run.record for run in runs]
    seeds = only(setting.n for study in studies for setting in study.subject.settings)
    model, active = (
        fmt.count(only(getattr(one, key) for one in records)) for key in ("parameters", "active_parameters")
    )
    base = only(base_at(Library.load(), study.word.partition("@")[2]) for study in studies)
    text = only(config.data.source for study in studies for config in study.configs)
    device = only(one.device for one in records)
    if only(one.status for one in records) != "finished":
        raise ValueError("not every run has finished")
    return (
        "Phase 1 of the learning-rate report, the cosine schedules, and a slice of the learning-rate guide, each setting with "
        f"{seeds} seeds: {len(runs)} runs of a model with {model} parameters (`{base}`, {active} active per token) on `{text}` "
        f"text, on a {device.upper()}. All finished. Their records are in the repository's [runs.json](../../runs.json), without "
        "the run directories."
    )


def _table(studies: Sequence[Study]) -> str:
    rows = ["| study | report | settings | runs | updates |", "|---|---|---:|---:|---:|"]
    for study in studies:
        updates = only(config.training.updates for config in study.configs)
        counts = f"{len(study.subject.settings)} | {len(study.subject.runs)} | {updates}"
        rows.append(f"| `{study.word}` | [report]({study.folder}/report.md) | {counts} |")
    return "\n".join(rows)


def _commands(studies: Sequence[Study]) -> Iterator[str]:
    seeds = only(setting.n for study in studies for setting in study.subject.settings)
    for study in studies:
        plain, _, scale = study.word.partition("@")
        yield f"    moetui study {plain} --scale {scale} --seeds {seeds}"
    yield f"    moetui report {studies[-1].word}"


def _differences(studies: Sequence[Study]) -> str:
    """What is not as in the documents."""
    configs = [config for study in studies for config in study.configs]
    ours = only(run.record.parameters for study in studies for run in study.subject.runs)
    theirs = only(record.parameters for record in studies[0].published.values() if record.parameters)
    assert ours
    assert theirs
    text, their_text = (
        only(config.data.source for config in some)
        for some in (configs, [run.config for study in studies for run in study.subject.published if run.config])
    )
    if text == their_text:
        raise ValueError("the text is that of the documents")
    seeds = only(setting.n for study in studies for setting in study.subject.settings)
    split = SPLIT[only(config.data.split for config in configs)]
    if any(config.schedule.horizon for config in configs):
        raise ValueError("a schedule has a horizon of its own, so it need not run to its end")
    return (
        f"What differs from the documents, on purpose: the model is {theirs / ours:.0f} times smaller and the text another one, so "
        f"settings can be compared and scores cannot; {split}; updates are optimizer updates, and schedules run to their end; "
        f"every setting has {seeds} seeds instead of one. {_times(studies[-1])}"
    )


def _times(study: Study) -> str:
    seconds = sorted(run.record.final.seconds or 0.0 for run in study.subject.runs if run.record.final)
    return (
        f"Equal work took {seconds[0]:.0f} to {seconds[-1]:.0f} seconds in `{study.word}`, so times tell nothing here."
    )


def _missing(studies: Sequence[Study]) -> str:
    reasons = {found.looked_at.missing for study in studies for found in study.subject.details.values()}
    if not only(reasons):
        raise ValueError("there are curves, which this page says are not there")
    return (
        "The reports are made from the records alone. They lack what only the run directories tell: curves, findings on the "
        "course of a run, peak memory, versions of programs. An earlier edition of these reports had them. Its curves and findings "
        "are not carried over, since nothing that is left can check them."
    )


def _claims(found: Sequence[Claim]) -> str:
    rows = ["| claim of the document | so | what the runs say |", "|---|---|---|"]
    rows += [f"| {claim.text} | **{claim.conclusion}** | {claim.evidence} |" for claim in found]
    return "\n".join(rows)


def _picture(study: Study, file: str) -> str:
    """A figure of a report with its title; the caption is in the report."""
    title = only(one.artifact.title for one in choices(study.subject) if one.artifact.file == file and not one.reason)
    return f"![{title}: {study.word}]({study.folder}/{file})"


def _rules() -> str:
    rows = ["| claim | holds here, if | does not hold here, if |", "|---|---|---|"]
    rows += [f"| {claim} | {holds} | {fails} |" for claim, holds, fails in RULES]
    return "\n".join(rows)


def _noise(studies: Sequence[Study]) -> Iterator[str]:
    for study in studies:
        noise = noise_of(study.subject.comparison)
        yield (
            f"`{study.word}`: {noise.same_seed:.3f} nats with the same seed ({noise.df} degrees of freedom), "
            f"{noise.other_seed:.3f} with different ones. The standard deviation of one setting's runs is {noise.lowest:.3f} to "
            f"{noise.highest:.3f}."
        )
