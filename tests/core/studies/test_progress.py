"""Which runs of a study are there, which are due, and how far it is."""

from typing import Any

import pytest

from moetui.core.catalogue.records import RunRecord, Scores
from moetui.core.errors import NotFoundError
from moetui.core.planning.plan import PlannedRun, Selection, plan
from moetui.core.planning.presets import Library
from moetui.core.studies.progress import progress, study_names, survey

LIBRARY = Library.load()
RUNS = plan(LIBRARY, Selection(presets=("quickstart",), seeds=(1, 2)))


def record(run: PlannedRun, status: str, **fields: Any) -> RunRecord:
    facts = {
        "id": f"r{run.group}{run.config.seed}{status}",
        "name": run.name,
        "study": run.study,
        "group": run.group,
        "path": "runs/x",
    }
    return RunRecord.model_validate(facts | {"seed": run.config.seed, "status": status} | fields)


def finished(run: PlannedRun, loss: float) -> RunRecord:
    return record(run, "finished", final=Scores(val_loss=loss))


@pytest.mark.parametrize(
    ("status", "state", "due"),
    [
        ("finished", "there", False),
        ("diverged", "there", False),
        ("queued", "pending", False),
        ("running", "pending", False),
        ("stalled", "pending", False),
        ("stopped", "again", True),
        ("killed", "again", True),
        ("failed", "again", True),
        ("lost", "again", True),
        ("out-of-memory", "again", True),
    ],
)
def test_a_run_is_due_again_only_if_it_broke_off(status: str, state: str, due: bool) -> None:
    first, second = survey(RUNS[:2], [record(RUNS[0], status)])
    assert (first.state, first.due) == (state, due)
    assert (second.state, second.due, second.record) == ("missing", True, None)


def test_an_answer_stands_before_what_is_under_way_and_that_before_what_broke_off() -> None:
    found = [
        record(RUNS[0], "finished", created=1.0),
        record(RUNS[0], "running", created=2.0),
        record(RUNS[0], "killed", created=3.0),
    ]
    states = [survey(RUNS[:1], found[index:])[0].state for index in range(3)]
    assert states == ["there", "pending", "again"]


def test_runs_of_other_studies_count_and_published_and_deleted_ones_do_not() -> None:
    elsewhere = record(RUNS[0], "finished", study="another")
    gone = record(RUNS[1], "finished", deleted=1.0)
    published = record(RUNS[2], "published", published=True)
    states = [member.state for member in survey(RUNS[:3], [elsewhere, gone, published])]
    assert states == ["there", "missing", "missing"]


def test_progress_counts_over_the_seeds_that_were_queued_and_names_the_setting_with_the_lowest_mean() -> None:
    losses = {0: 4.0, 2: 3.0, 3: 3.2, 4: 3.05}
    records = [finished(RUNS[index], loss) for index, loss in losses.items()]
    found = progress(LIBRARY, "quickstart", records)
    assert found.count("finished") == 4
    assert [run.name for run in found.missing] == [RUNS[1].name, RUNS[5].name]
    assert found.best is not None
    best, mean = found.best
    assert (best.group, mean) == (RUNS[4].group, 3.05)


def test_progress_counts_the_runs_that_were_made_for_something_else() -> None:
    records = [finished(RUNS[0], 4.0), finished(RUNS[2], 3.0).model_copy(update={"study": "another"})]
    found = progress(LIBRARY, "quickstart", records)
    assert [run.study for run in found.records] == ["quickstart", "another"]
    assert [run.group for run in found.missing] == [RUNS[4].group]
    assert found.best is not None
    assert found.best[1] == 3.0


def test_a_study_whose_preset_is_gone_still_has_its_runs() -> None:
    found = progress(LIBRARY, "mine/gone", [record(RUNS[0], "finished", study="mine/gone")])
    assert (found.count("finished"), found.missing, found.best) == (1, (), None)
    with pytest.raises(NotFoundError, match="no preset 'mine/gone'"):
        progress(LIBRARY, "mine/gone", [])


def test_a_study_that_nobody_started_is_all_missing() -> None:
    assert len(progress(LIBRARY, "schedule/all@tiny", []).missing) == 5


def test_studies_are_named_once_each() -> None:
    runs = [record(RUNS[0], "finished"), record(RUNS[1], "queued"), record(RUNS[2], "queued", study="b")]
    assert study_names([*runs, record(RUNS[0], "published", study="p", published=True)]) == ("quickstart", "b")
