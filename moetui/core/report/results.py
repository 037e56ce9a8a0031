"""The table of settings with scores and verdicts, for people and as CSV."""

import csv
import io
from collections.abc import Iterator
from typing import Final

from moetui.core.report.document import Table, table
from moetui.core.report.subject import Subject
from moetui.core.science import cells, wording
from moetui.core.science.groups import Group
from moetui.core.science.measure import MEASURES

HEADERS: Final = (
    "setting",
    "n",
    "diverged",
    "loss",
    "accuracy (%)",
    "perplexity",
    "seconds",
    *cells.VERDICT_HEADERS,
)


def result_table(subject: Subject) -> Table:
    """A row for each setting, the best first; verdicts are those on the loss."""
    return table(
        HEADERS, list(_rows(subject)), right=[header for header in HEADERS if header not in ("setting", "verdict")]
    )


def _rows(subject: Subject) -> Iterator[list[str]]:
    comparison = subject.comparison
    at_most = cells.costs(comparison)
    for setting in comparison.groups:
        scores = []
        for key, measure in MEASURES.items():
            summary = subject.group(setting, key).summary
            scores.append(wording.spread(summary.mean, summary.low, summary.high, measure))
        verdict = cells.verdict_cells(comparison.of(setting), comparison.measure, at_most.get(setting.key))
        yield [setting.label, str(setting.n), str(len(setting.diverged) or ""), *scores, *verdict]


def results_csv(subject: Subject) -> bytes:
    """The same with every digit, a column for each number, and the ids of the runs; unknown cells are empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    numbers = [f"{key}_{part}" for key in MEASURES for part in ("n", "mean", "sd", "low", "high")]
    facts = ["difference", "difference_low", "difference_high", "p_adjusted", "costs_at_most", "verdict", "reason"]
    writer.writerow(["setting", "group", "lr", "n", "diverged", *numbers, *facts, "runs"])
    for setting in subject.settings:
        writer.writerow(_csv_row(subject, setting))
    return text.getvalue().encode()


def _csv_row(subject: Subject, setting: Group) -> list[object]:
    summaries = [subject.group(setting, key).summary for key in MEASURES]
    numbers = [value for one in summaries for value in (one.n, one.mean, one.sd, one.low, one.high)]
    one = subject.comparison.of(setting)
    verdict: list[object] = [None] * 7
    if one is not None:
        verdict = [one.estimate, one.low, one.high, one.p_adjusted, None, one.verdict, one.reason]
    verdict[4] = cells.costs(subject.comparison).get(setting.key)
    ids = " ".join(sample.record.id for sample in (*setting.counted, *setting.diverged))
    lr = setting.samples[0].record.lr
    return [setting.label, setting.key, lr, setting.n, len(setting.diverged), *numbers, *verdict, ids]
