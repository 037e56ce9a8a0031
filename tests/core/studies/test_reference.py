"""What planned runs have to beat, and which presets were used last."""

from functools import partial

from moetui.core.catalogue.records import RunRecord
from moetui.core.planning.plan import Selection, plan
from moetui.core.planning.presets import Library
from moetui.core.runs.lab import Lab
from moetui.core.runs.published import published_records
from moetui.core.runs.recent import recently_used
from moetui.core.studies.reference import reference
from tests.tui.lab_on_disk import end_run, write_run

LIBRARY = Library.load()


def _curve(offset: float, update: int) -> float:
    return float(8.0 / update**0.1) + offset


def test_without_own_runs_it_is_the_best_published_result(lab: Lab) -> None:
    planned = plan(LIBRARY, Selection(presets=("schedule/all@tiny",)))
    found = reference(lab, LIBRARY, planned, published_records(LIBRARY))
    assert found is not None
    assert found.record.name == "published/schedule/baseline"
    assert found.loss == 7.399
    assert found.config.schedule.warmup == 0.05


def test_own_runs_come_before_published_ones_and_the_best_of_them_wins(lab: Lab) -> None:
    planned = plan(LIBRARY, Selection(presets=("schedule/all",)))
    for number, (run_id, offset) in enumerate((("worse", 1.0), ("better", 0.0))):
        run = write_run(lab, run_id, study="schedule/all", updates=20, settings={"optimizer": {"lr": 0.1 + number}})
        end_run(lab, run, loss=partial(_curve, offset))
    found = reference(lab, LIBRARY, planned, [*lab.records(), *published_records(LIBRARY)])
    assert found is not None
    assert (found.record.id, found.config.optimizer.lr) == ("better", 1.1)


def test_of_a_preset_that_nobody_has_run_nothing_is_known(lab: Lab) -> None:
    assert reference(lab, LIBRARY, plan(LIBRARY, Selection(presets=("quickstart",))), []) is None


def test_the_presets_of_the_newest_runs_are_remembered_by_study_and_without_scale() -> None:
    def run(created: float, preset: str, study: str = "", *, published: bool = False) -> RunRecord:
        return RunRecord(
            id=str(created),
            name="a",
            status="finished",
            created=created,
            preset=preset,
            study=study,
            published=published,
            path="" if published else "runs/x",
        )

    runs = [
        run(1, "a"),
        run(4, "b/member", "b/all@tiny"),
        run(3, "c"),
        run(2, "a"),
        run(9, "p", published=True),
        run(5, ""),
    ]
    assert recently_used(runs, 2) == ("b/all", "c")
    assert recently_used(runs, 9) == ("b/all", "c", "a")
