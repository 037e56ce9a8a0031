import math

import pytest

from moetui.core.filtering import matching
from moetui.core.records import RunRecord, Scores

RUNS = [
    RunRecord(
        id="a1",
        name="quickstart/lr=0.05",
        preset="quickstart",
        study="quickstart",
        status="finished",
        lr=0.05,
        seed=1,
        tags=("Warmup", "keep"),
        final=Scores(val_loss=5.1, val_accuracy=0.25),
        point={"schedule.warmup": 0.1, "schedule.kind": "cosine"},
    ),
    RunRecord(id="b2", name="quickstart/lr=0.1", preset="quickstart", status="diverged", lr=0.1, note="Spike at 20"),
    RunRecord(id="c3", name="schedule/no-warmup", preset="schedule/no-warmup", status="published", lr=0.065),
    RunRecord(id="d4", name="nan", status="failed", final=Scores(val_loss=math.nan)),
]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", "a1 b2 c3 d4"),
        ("   ", "a1 b2 c3 d4"),
        ("QUICKSTART", "a1 b2"),
        ("warmup", "a1 c3"),
        ("quickstart keep", "a1"),
        ("spike", "b2"),
        ("b2", "b2"),
        ("published", "c3"),
        ("nothing-of-the-kind", ""),
        ("status:finished", "a1"),
        ("status:fin tag:warmup", "a1"),
        ("tag:spike", ""),
        ("name:lr=0.1", "b2"),
        ("lr>=0.065", "b2 c3"),
        ("lr=0.05", "a1"),
        ("lr!=0.05", "b2 c3"),
        ("val_loss<5.2", "a1"),
        ("val_loss>0", "a1"),
        ("warmup>=0.1", "a1"),
        ("schedule.warmup>0.1", ""),
        ("kind>0", ""),
        ("lr>=0.05 lr<0.1", "a1 c3"),
        ("lr<1e-1 status:published", "c3"),
        ("lr=0.05/seed=2", ""),
    ],
)
def test_every_part_of_a_filter_must_hold(query: str, ids: str) -> None:
    assert [run.id for run in matching(RUNS, query)] == ids.split()


@pytest.mark.parametrize("query", ["lr", "lr>", "lr>=", "quickstart lr<"])
def test_a_comparison_that_is_still_typed_hides_nothing(query: str) -> None:
    assert [run.id for run in matching(RUNS, query)][:2] == ["a1", "b2"]


@pytest.mark.parametrize("query", ["[", "(", "a:b:c", "lr>=abc", ">=", "::", "*", "\\", "status:["])
def test_no_text_is_an_error(query: str) -> None:
    assert matching(RUNS, query) == []


def test_words_do_not_match_across_two_fields() -> None:
    run = RunRecord(id="x", name="ab", preset="cd", status="queued")
    assert matching([run], "abcd") == []
