"""Records without their directories: a lab book that travels lighter than its runs."""

from pathlib import Path

import pytest

from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import UsageError
from moetui.core.exchange.exporting import export
from moetui.core.maintenance.reindex import reindex
from moetui.core.planning.plan import Selection, plan
from moetui.core.queue.enqueue import enqueue
from moetui.core.runs.detail import detail
from moetui.core.runs.lab import Lab
from moetui.core.runs.recorded import recorded_config
from moetui.core.studies.gather import gather
from moetui.core.workspace import Workspace
from tests.starters import start_no_dispatcher
from tests.tui.lab_on_disk import end_run, write_run

SELECTION = Selection(
    presets=("schedule/all@tiny",), settings={"training.updates": 40, "evaluation.every": 20}, seeds=(1, 2)
)


@pytest.fixture
def trained(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> list[RunRecord]:
    """Two runs of a study with settings of their own, which have ended."""
    start_no_dispatcher(monkeypatch)
    return [end_run(lab, record) for record in enqueue(lab, plan(lab.library(), SELECTION)[:2])]


@pytest.fixture
def book(tmp_path: Path) -> Lab:
    (tmp_path / "book").mkdir()
    return Lab(Workspace(tmp_path / "book"))


def exported(lab: Lab, runs: list[RunRecord], book: Lab) -> list[RunRecord]:
    export([detail(lab, run) for run in runs], book.workspace.runs_json, "records")
    return [book.find(run.id) for run in runs]


def test_a_record_alone_knows_scores_and_configuration_of_its_run(
    lab: Lab, trained: list[RunRecord], book: Lab
) -> None:
    there = exported(lab, trained, book)
    assert [run.path for run in there] == ["", ""]
    for here, copy in zip(trained, there, strict=True):
        assert copy.model_copy(update={"path": here.path}) == here
        assert recorded_config(book.library(), copy) == lab.run_dir(here).config().config
        assert detail(book, copy).known == detail(lab, here).known
    assert [found.config for found in gather(book, there)] == [found.config for found in gather(lab, trained)]


def test_a_second_export_brings_up_to_date_and_reindex_keeps_what_it_cannot_rebuild(
    lab: Lab, trained: list[RunRecord], book: Lab
) -> None:
    first = exported(lab, trained, book)
    published = [run for run in book.records() if run.published]
    assert published
    exported(lab, trained[:1], book)
    reindex(book)
    assert [book.find(run.id) for run in trained] == first
    assert [run for run in book.records() if run.published] == published


def test_a_record_of_an_older_version_has_the_configuration_of_its_preset(lab: Lab, book: Lab) -> None:
    (planned, *_) = plan(lab.library(), Selection(presets=("schedule/all@tiny",), seeds=(1,)))
    record = RunRecord(
        id="old", name=planned.name, preset=planned.preset, point=dict(planned.point), seed=1, status="finished"
    )
    assert recorded_config(book.library(), record) == planned.config


def test_settings_that_are_none_today_leave_the_rest_of_a_record_to_be_read(
    lab: Lab, trained: list[RunRecord], book: Lab
) -> None:
    (copy, _) = exported(lab, trained, book)
    found = detail(book, copy.model_copy(update={"settings": {**(copy.settings or {}), "optimizer.gone": 0.5}}))
    assert found.config is None
    assert "optimizer.gone" in found.provenance["configuration"]
    assert found.record.final == copy.final


def test_runs_that_go_on_or_live_there_are_refused(lab: Lab, trained: list[RunRecord], book: Lab) -> None:
    with pytest.raises(UsageError, match="with its directory"):
        exported(lab, trained, lab)
    assert lab.find(trained[0].id).path
    with pytest.raises(UsageError, match="is queued"):
        exported(lab, [*trained, write_run(lab, "waiting")], book)
    assert not book.workspace.runs_json.exists()
    with pytest.raises(UsageError, match=r"into a runs\.json"):
        export([detail(lab, trained[0])], book.workspace.root / "other.json", "records")
