"""docs/studies says what the records in runs.json give: the page, the reports, and the conclusions on the documents' claims."""

import csv
import io
import itertools
import math
import re
import statistics
from functools import cache
from typing import Any

import orjson
import pytest

from moetui.core.catalogue.index import Catalogue
from moetui.core.report.artifacts import FILES, NUMBERS, PAGE, REPORT, TABLE, choices
from moetui.core.report.insights import insights
from moetui.core.report.results import results_csv
from pictures.studies.gathered import FOLDER, GUIDE, PHASE_1, ROOT, SCHEDULES, Study, gather_studies
from pictures.studies.page import page

AGAIN = "run `make studies` and look at the diff"
FOLDERS = {PHASE_1: "lr-report-phase-1", SCHEDULES: "schedule-all", GUIDE: "lr-guide-twelve"}


@cache
def studies() -> tuple[Study, Study, Study]:
    return gather_studies()


def committed(study: str) -> Any:
    """The numbers of a report as they are committed."""
    return orjson.loads((FOLDER / FOLDERS[study] / NUMBERS).read_bytes())


def rows() -> dict[str, tuple[str, str]]:
    """Conclusion and evidence of the committed page, by claim."""
    lines = (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "| **" in line]
    return {claim: (conclusion.strip("*"), evidence) for claim, conclusion, evidence in cells}


def row(words: str) -> tuple[str, str]:
    (found,) = [row for claim, row in rows().items() if words in claim]
    return found


def near(found: Any, expected: Any, place: str = "") -> None:
    """The same tree, but for the last digits of numbers, which depend on the machine."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), place
        for key in expected:
            near(found[key], expected[key], f"{place}/{key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), place
        for i, (a, b) in enumerate(zip(found, expected, strict=True)):
            near(a, b, f"{place}/{i}")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-9), place
    else:
        assert found == expected, place


def test_the_page_is_what_the_records_give() -> None:
    assert (FOLDER / "README.md").read_text(encoding="utf-8") == page(*studies()), AGAIN


def test_the_reports_are_what_the_records_give() -> None:
    for study in studies():
        folder = FOLDER / FOLDERS[study.word]
        assert (folder / REPORT).read_text(encoding="utf-8") == study.report, AGAIN
        near(committed(study.word), orjson.loads(insights(study.subject, choices(study.subject))))
        table, again = (
            [[_number(cell) for cell in line] for line in csv.reader(io.StringIO(raw.decode()))]
            for raw in ((folder / TABLE).read_bytes(), results_csv(study.subject))
        )
        near(table, again)


def _number(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell


@pytest.mark.parametrize("folder", FOLDERS.values())
def test_a_report_has_the_pictures_that_it_shows_and_no_others(folder: str) -> None:
    text = (FOLDER / folder / REPORT).read_text(encoding="utf-8")
    shown = set(re.findall(r"!\[[^]]*\]\(([^)]+)\)", text)) | {"summary_table.png"}
    there = {path.name for path in (FOLDER / folder).iterdir()}
    assert there == {name for name in FILES if name in shown or name in (REPORT, TABLE, NUMBERS)}
    assert PAGE not in there


def test_every_link_of_the_page_leads_somewhere() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)\)", text)
    assert len(links) >= len(FOLDERS)
    assert all((FOLDER / link).exists() for link in links)


# What follows reads the committed numbers and the records by itself, so that a fault of the generator shows.


def losses(study: str) -> dict[str, dict[int, float]]:
    """Final losses by setting and seed."""
    found: dict[str, dict[int, float]] = {}
    for record in Catalogue(ROOT / "runs.json").all():
        if record.study == study and not record.published and record.final and record.seed is not None:
            found.setdefault(record.name.partition("/seed=")[0], {})[record.seed] = record.final.val_loss or math.nan
    return found


def test_the_noise_at_the_same_seed_is_that_of_the_paired_differences() -> None:
    values = [[by_seed[seed] for seed in (1, 2, 3)] for by_seed in losses(SCHEDULES).values()]
    pairs = [[a - b for a, b in zip(*pair, strict=True)] for pair in itertools.combinations(values, 2)]
    noise = math.sqrt(statistics.fmean(map(statistics.variance, pairs)))
    assert round(noise, 3) == 0.017
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"`{SCHEDULES}`: {noise:.3f} nats with the same seed (8 degrees of freedom)" in text


def test_each_seed_ranks_the_schedules_as_the_page_says() -> None:
    for seed in (1, 2, 3):
        order = sorted((by_seed[seed], name) for name, by_seed in losses(SCHEDULES).items())
        names = [name.removeprefix("schedule/").partition("@")[0] for _, name in order]
        assert names[0] == "aggressive-warmup"
        assert set(names[-2:]) == {"conservative-warmup", "long-warmup"}
    assert "Each of the 3 seeds by itself puts aggressive-warmup first" in row("baseline has the lowest loss")[1]


@pytest.mark.parametrize(
    ("claim", "study", "setting", "measures"),
    [
        ("0.1 is the best", PHASE_1, "lr=0.1", ("val_loss", "val_accuracy")),
        ("0.065 is the best rate", GUIDE, "lr=0.065", ("val_loss", "val_accuracy")),
        ("baseline has the lowest loss", SCHEDULES, "baseline", ("val_loss",)),
        ("conservative-warmup has the highest accuracy", SCHEDULES, "conservative-warmup", ("val_accuracy",)),
    ],
)
def test_a_claim_of_the_best_follows_from_what_the_report_says_may_be_the_best(
    claim: str, study: str, setting: str, measures: tuple[str, ...]
) -> None:
    words = []
    for measure in measures:
        may_be = [one["label"] for one in committed(study)["comparisons"][measure]["may_be_best"]]
        among = [label for label in may_be if label.removesuffix("@tiny").endswith(f"/{setting}")]
        words.append("does not hold here" if not among else "holds here" if len(may_be) == 1 else "open")
    expected = (
        words[0]
        if len(set(words)) == 1
        else ", ".join(f"by {m.removeprefix('val_')} {word}" for m, word in zip(measures, words, strict=True))
    )
    assert row(claim)[0] == expected


def test_the_page_and_the_report_say_the_same_of_0_065_and_of_the_zone() -> None:
    numbers = committed(GUIDE)
    (response,) = numbers["responses"]["val_loss"]
    safety = {point["lr"]: point for point in response["points"]}
    verdicts = {one["first"]: one for one in numbers["comparisons"]["val_loss"]["differences"]}
    (pair,) = [one for key, one in verdicts.items() if key == safety[0.065]["group"]]
    assert (pair["verdict"] == "not distinguishable") == ("not distinguishable" in row("0.065 is the best rate")[1])
    assert f"{pair['estimate']:+.3f} ± {(pair['high'] - pair['low']) / 2:.3f}" in row("0.065 is the best rate")[1]
    stated = response["optimum"]["stated"]
    assert f"lies from {stated['low']:.3g} to {stated['high']:.3g}" in row("0.065 is the best rate")[1]
    inside = [point["zone"] for lr, point in safety.items() if 0.035 <= lr <= 0.085]
    outside = [point["zone"] for lr, point in safety.items() if not 0.035 <= lr <= 0.085]
    assert "beyond" in inside
    assert "safe" in outside
    assert row("the good zone is 0.035 to 0.085")[0] == "does not hold here"
    assert row("above 0.1 there is a cliff")[0] == "does not hold here"
    assert safety[0.12]["zone"] == "safe"
    assert response["cliff"] is None


def test_a_correlation_is_over_rates_and_has_no_interval_where_there_are_few() -> None:
    (response,) = committed(PHASE_1)["responses"]["val_loss"]
    (found,) = [
        one for one in response["correlations"] if (one["x"], one["y"], one["method"]) == ("lr", "val_loss", "Pearson")
    ]
    assert (found["n"], found["low"], found["high"]) == (5, None, None)
    assert f"{found['r']:.2f} over the 5 rates" in row("correlates with the loss")[1]
    assert row("correlates with the loss")[0] == "open"


def test_the_verdict_on_0_3_is_told_with_what_the_pair_alone_does_not_show() -> None:
    by_seed = losses(PHASE_1)
    low, high = by_seed[f"{PHASE_1}/lr=0.1"], by_seed[f"{PHASE_1}/lr=0.3"]
    gaps = [high[seed] - low[seed] for seed in (1, 2, 3)]
    t = statistics.fmean(gaps) / (statistics.stdev(gaps) / math.sqrt(3))
    p = 1 - t / math.sqrt(2 + t * t)  # two-sided, two degrees of freedom
    assert 10 * p > 0.05
    assert f"would not give that on 0.3 (p = {10 * p:.2f})" in row("0.1 is the best")[1]
