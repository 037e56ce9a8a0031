"""Rules that drop settings, replayed over recorded studies."""

import numpy as np
import pytest

from tests.core.science.records import record
from tests.simulations.races import by_halves, by_median, by_race, saved
from tests.simulations.replay import METHODS, ROOT, fields, read, rows
from tests.simulations.runs import groups
from tests.simulations.truths import Numbers

CLEAR: Numbers = np.array([[4.0, 4.01, 4.005], [4.5, 4.52, 4.49], [5.0, 5.01, 5.03], [6.0, 6.01, 5.99]])


def test_each_rule_leaves_what_it_says() -> None:
    found = groups(CLEAR)
    assert set(by_race(found)) == {"s01", "s02", "s03"}
    assert by_median(found) == {"s02": 2, "s03": 2}
    assert by_halves(found) == {"s02": 1, "s03": 1, "s01": 2}
    assert saved(found, by_halves(found)) == pytest.approx(5 / 12)


def test_a_field_is_a_study_at_one_size_with_equal_seeds() -> None:
    runs = [
        record(4.0 + place, setting=f"{size}/{place}", seed=seed, study="s", parameters=size)
        for size in (1000, 2000)
        for place in range(3)
        for seed in (1, 2, 3)
    ]
    assert [len(field.groups) for field in fields(runs)] == [3, 3]
    assert len(list(fields(runs[:-1]))) == 1
    assert list(fields([run.model_copy(update={"published": True}) for run in runs])) == []


def test_the_table_of_the_docs_is_that_of_the_recorded_studies() -> None:
    text = "\n".join(rows(list(fields(read(ROOT / "runs.json")))))
    assert text in METHODS.read_text()
