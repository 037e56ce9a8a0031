"""The section of a report on two crossed keys."""

import json
import random

from moetui.core.report.artifacts import choices
from moetui.core.report.compose import compose
from moetui.core.report.document import Bullets, Heading
from moetui.core.report.insights import insights
from moetui.core.report.subject import gather_subject
from moetui.core.runs.lab import Lab
from moetui.core.science.factorial_words import factorial_sentences
from tests.core.report.labs import SCHEDULES, add_schedules, trained

STUDY = "schedule/warmup-floor@tiny"


def add_crossed(lab: Lab) -> None:
    """Two warm-ups by two floors with three seeds; the warm-up alone matters."""
    noise = random.Random(7)
    for warmup in (0.0, 0.1):
        for floor in (0.05, 0.2):
            for seed in (1, 2, 3):
                level = 5.0 + 0.3 * (warmup == 0) + 0.01 * seed + noise.gauss(0, 0.005)
                trained(
                    lab,
                    STUDY,
                    f"{STUDY}/warmup={warmup:g}/floor={floor:g}",
                    seed,
                    {"schedule": {"warmup": warmup, "floor": floor}},
                    lambda update, level=level: level + 4 / update**0.8,  # type: ignore[misc]
                )


def test_a_crossed_study_has_a_section_with_the_sentences_of_the_statistics(lab: Lab) -> None:
    add_crossed(lab)
    subject = gather_subject(lab, STUDY)
    blocks = compose(subject, choices(subject)).blocks
    place = blocks.index(Heading("Two keys crossed"))
    told = blocks[place + 1]
    assert isinstance(told, Bullets)
    assert told.items == factorial_sentences(subject.settings, subject.comparison.measure)
    assert any("warmup matters more than floor" in item for item in told.items)
    tree = json.loads(insights(subject, choices(subject)))
    assert tree["crossed"]["matters_more"] == "warmup"
    assert sum(len(cell["runs"]) for cell in tree["crossed"]["cells"]) == 12


def test_a_study_that_crosses_nothing_has_no_such_section(lab: Lab) -> None:
    add_schedules(lab)
    subject = gather_subject(lab, SCHEDULES)
    assert Heading("Two keys crossed") not in compose(subject, choices(subject)).blocks
    assert json.loads(insights(subject, choices(subject)))["crossed"] is None
