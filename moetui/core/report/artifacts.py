"""Which files a report of a study has, and why it does not have the others."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from moetui.core.report.paths import mean_path
from moetui.core.report.subject import SCORES, Subject

REPORT, PAGE, TABLE, NUMBERS = "report.md", "report.html", "summary_table.csv", "insights.json"


@dataclass(frozen=True, slots=True)
class Artifact:
    """A figure by its file name. `missing` tells why a study cannot have it; empty if it can."""

    file: str
    title: str
    caption: str
    missing: Callable[[Subject], str]


@dataclass(frozen=True, slots=True)
class Choice:
    """A figure of one report, or the reason why it has none."""

    artifact: Artifact
    reason: str


def _no_learning_rates(subject: Subject) -> str:
    return "" if subject.responses[SCORES[0]] else "no setting was run at two learning rates or more"


def _no_scores(subject: Subject) -> str:
    return "" if any(setting.tried for setting in subject.settings) else "no run has come to a result yet"


def _no_plans(subject: Subject) -> str:
    return "" if any(run.config for run in subject.runs) else "no configuration is known"


def _one_schedule(subject: Subject) -> str:
    if reason := _no_plans(subject) or _no_scores(subject):
        return reason
    schedules = {run.config.schedule for run in subject.runs if run.config}
    return "" if len(schedules) > 1 else "all settings have the same schedule"


def _no_curves(subject: Subject) -> str:
    if any(mean_path(subject.details_of(setting), "val_loss") for setting in subject.settings):
        return ""
    return "no evaluations during training are known"


def _no_ladder(subject: Subject) -> str:
    return "" if subject.ladders else "no sweeps of learning rates differ in a size only"


_PUBLISHED: Final = (
    "Published scores are hollow. Those of models of another size, and those that would squeeze the others, have panels of their "
    "own; fewer than three are left to the table."
)

FIGURES: Final = (
    Artifact(
        "learning_rate_analysis.png",
        "Response to the learning rate",
        "Final scores against the learning rate, means over seeds. Error bars are 95 % intervals of the means, drawn where there "
        "are two seeds or more; those that leave the frame are longer. Shades, hatching and the bar below are by the loss: "
        "shaded rates are safe or may be, the bar holds the best rate, hatched rates diverge. With one seed at every rate there "
        f"is no verdict, and nothing is shaded. {_PUBLISHED}",
        _no_learning_rates,
    ),
    Artifact(
        "best_rate_by_size.png",
        "Best learning rate by size",
        "The best rate of each size with its 95 % interval by the noise there, the line through them, and the star at the size "
        "that it predicts; the band holds what one more study of the same kind would find, with 95 %.",
        _no_ladder,
    ),
    Artifact(
        "detailed_comparison.png",
        "Settings compared",
        "Final scores and training time of every setting, the lowest loss on top, and the differences in loss from the "
        "reference with the intervals that the verdicts follow from. Where the settings share their seeds, the differences come "
        "first and the means have no intervals: what a seed does to all settings cancels in a difference and makes the intervals "
        "of means overlap. Intervals that leave the frame are longer; none goes below zero, or above 100 %. "
        f"{_PUBLISHED}",
        _no_scores,
    ),
    Artifact("summary_table.png", "Summary", "The settings with their scores and verdicts.", lambda subject: ""),
    Artifact(
        "cosine_annealing_schedules.png",
        "Planned learning rates",
        "The learning rate that each setting plans, the whole run and its beginning. Settings with the same plan share a curve; "
        "a plateau schedule is drawn as if every evaluation were a gain.",
        _no_plans,
    ),
    Artifact(
        "cosine_annealing_results_comparison.png",
        "Schedules compared",
        "Final loss and accuracy by schedule, and the differences from the reference with the intervals that the verdicts follow "
        f"from, drawn as in the comparison of settings. {_PUBLISHED}",
        _one_schedule,
    ),
    Artifact(
        "metrics_plot.png",
        "Evaluations during training",
        "Means over the seeds of the best settings; bands are 95 % intervals. The star marks the lowest loss of the best setting. "
        "A rise after it is shaded, and enlarged in an inset where it is smaller than a fiftieth of the axis. Hollow markers are "
        "what a document reports of the same setting, where the models are as large and the curves are not squeezed.",
        _no_curves,
    ),
    Artifact(
        "val_loss_vs_time.png",
        "Validation loss against training time",
        "Means over the seeds of the best settings; bands are 95 % intervals. Time is that of training, evaluation excluded; "
        "documents count it in.",
        _no_curves,
    ),
)

FILES: Final = (REPORT, PAGE, TABLE, NUMBERS, *(artifact.file for artifact in FIGURES))
"""Every file that a report may have."""


def choices(subject: Subject) -> tuple[Choice, ...]:
    """Every figure, with the reason if there is one to leave it out."""
    return tuple(Choice(artifact, artifact.missing(subject)) for artifact in FIGURES)
