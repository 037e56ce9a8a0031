"""Writing a report: which files, and where."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from moetui.core.errors import LabError, UsageError
from moetui.core.report.artifacts import FILES, NUMBERS, PAGE, REPORT, TABLE, choices
from moetui.core.report.compose import compose
from moetui.core.report.figures import curves, ladders, learning_rates, schedules, settings, style, summary
from moetui.core.report.html import html
from moetui.core.report.insights import insights
from moetui.core.report.markdown import markdown
from moetui.core.report.results import results_csv
from moetui.core.report.subject import Subject, gather_subject
from moetui.core.runs.lab import Lab
from moetui.core.studies.lookup import find_item
from moetui.core.wholefile import replace_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DRAWN: Final[Mapping[str, "Callable[[Subject], Figure]"]] = {
    "learning_rate_analysis.png": learning_rates.draw,
    "best_rate_by_size.png": ladders.draw,
    "detailed_comparison.png": settings.compared,
    "summary_table.png": summary.draw,
    "cosine_annealing_schedules.png": schedules.draw,
    "cosine_annealing_results_comparison.png": settings.schedules_compared,
    "metrics_plot.png": curves.panels,
    "val_loss_vs_time.png": curves.against_time,
}


def write_report(lab: Lab, word: str, to: Path | None = None, *, force: bool = False) -> list[Path]:
    """Report on the runs that a word stands for and return the files written, `report.md` first.

    Without `to` the directory is `reports/<study>` of the workspace. Raises what `find_item` raises, and `UsageError` if the
    directory holds files already, unless `force`, which replaces the files of an earlier report and touches no others.
    """
    item = find_item(word, lab.records(), lab.library())
    directory = to or default_directory(lab.workspace.root, item.word)
    _may_write(directory, force=force)
    files = report_files(gather_subject(lab, word))
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, raw in files.items():
            os.close(replace_file(directory / name, raw))
        for name in FILES:  # a figure that an earlier report had, and that does not apply any more, would mislead
            if name not in files:
                (directory / name).unlink(missing_ok=True)
    except OSError as error:
        raise LabError(f"{error.filename or directory}: {error.strerror or error}") from None
    return [directory / name for name in files]


def report_files(subject: Subject) -> dict[str, bytes]:
    """The files of a report by name; the same runs give the same bytes."""
    chosen = choices(subject)
    images = {
        choice.artifact.file: style.png(DRAWN[choice.artifact.file](subject)) for choice in chosen if not choice.reason
    }
    document = compose(subject, chosen)
    return {
        REPORT: markdown(document).encode(),
        PAGE: html(document, images).encode(),
        TABLE: results_csv(subject),
        NUMBERS: insights(subject, chosen),
    } | images


def default_directory(root: Path, word: str) -> Path:
    """`reports/` and the word, whose parts are made harmless: a study's name is no path."""
    parts = ("".join(c if c.isalnum() or c in "=+-_.@" else "_" for c in part) for part in word.split("/"))
    return root.joinpath("reports", *(part.lstrip(".") or "_" for part in parts))


def _may_write(directory: Path, *, force: bool) -> None:
    if directory.exists() and not directory.is_dir():
        raise UsageError(f"{directory} is a file; a report needs a directory")
    # Directories do not count: the reports of lr-guide/moderate lie below those of lr-guide.
    if directory.exists() and not force and any(not entry.is_dir() for entry in directory.iterdir()):
        raise UsageError(
            f"{directory} is not empty; --force replaces an earlier report, -o DIR names another directory"
        )
