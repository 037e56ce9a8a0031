"""Naming, tagging, deleting and restoring, and the catalogue rebuilt from the directories."""

import json
from collections.abc import Callable

import pytest

from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import CatalogueError, LabError, NotFoundError, UsageError
from moetui.core.maintenance.reindex import reindex
from moetui.core.planning.plan import Selection, plan
from moetui.core.queue import edit
from moetui.core.queue.enqueue import enqueue
from moetui.core.runs.lab import Lab
from tests.conftest import eventually


@pytest.fixture
def finished(lab: Lab, fake_engine: Callable[[str], None]) -> tuple[RunRecord, RunRecord]:
    selection = Selection(
        presets=("quickstart",), settings={"training.device": "cpu"}, axes={"optimizer.lr": (0.01, 0.05)}
    )
    runs = enqueue(lab, plan(lab.library(), selection))
    eventually(lambda: not lab.snapshot().pending and not lab.dispatching())
    return lab.find(runs[0].id), lab.find(runs[1].id)


def test_a_run_is_found_by_id_by_its_beginning_and_by_name(lab: Lab, finished: tuple[RunRecord, RunRecord]) -> None:
    first, second = finished
    assert lab.find(first.id).id == first.id
    assert lab.find(first.id[:6]).id == first.id
    assert lab.find("quickstart/lr=0.05").id == second.id
    with pytest.raises(NotFoundError, match="no run 'nothing'"):
        lab.find("nothing")
    with pytest.raises(UsageError, match="fits several runs"):
        lab.find("pub-")


def test_labels_are_kept_in_the_catalogue_and_in_the_directory(lab: Lab, finished: tuple[RunRecord, RunRecord]) -> None:
    edit.label(lab, finished[0], name="renamed", tags=["a", "b", "a"], note="[bold]not markup[/bold]")
    record = lab.find("renamed")
    assert (record.tags, record.note) == (("a", "b"), "[bold]not markup[/bold]")
    labels = lab.run_dir(record).labels()
    assert labels is not None
    assert (labels.name, labels.tags) == ("renamed", ("a", "b"))


def test_a_deleted_run_comes_back_whole(lab: Lab, finished: tuple[RunRecord, RunRecord]) -> None:
    run = finished[0]
    edit.delete(lab, run)
    with pytest.raises(NotFoundError):
        lab.find(run.id)
    assert not (lab.workspace.runs / run.id).exists()
    edit.restore(lab, lab.find(run.id, deleted=True))
    assert lab.find(run.id) == run
    assert lab.run_dir(run).result() is not None


def test_a_live_run_cannot_be_deleted(lab: Lab, fake_engine: Callable[[str], None]) -> None:
    fake_engine("hold")
    (run,) = enqueue(
        lab, plan(lab.library(), Selection(presets=("base/moe-tiny",), settings={"training.device": "cpu"}))
    )
    eventually(lambda: lab.see(lab.find(run.id)).status == "running")
    with pytest.raises(LabError, match="stop it first"):
        edit.delete(lab, lab.find(run.id))


def test_reindex_rebuilds_the_same_catalogue(lab: Lab, finished: tuple[RunRecord, RunRecord]) -> None:
    edit.label(lab, finished[0], tags=["kept"], note="kept too")
    edit.delete(lab, finished[1])
    before = {run.id: run.model_copy(update={"deleted": None}) for run in lab.catalogue.all()}
    lab.workspace.runs_json.unlink()
    found = reindex(lab)
    assert (found.runs, found.damaged) == (2, ())
    after = {run.id: run for run in lab.catalogue.all()}
    assert after[finished[1].id].deleted is not None
    assert {key: run.model_copy(update={"deleted": None}) for key, run in after.items()} == before


def test_what_was_said_of_runs_and_of_published_results_outlives_the_catalogue(
    lab: Lab, finished: tuple[RunRecord, RunRecord]
) -> None:
    noted, tossed = lab.find("published/schedule/baseline"), lab.find("published/schedule/no-warmup")
    edit.label(lab, noted, name="theirs", tags=["seen"], note="why?")
    edit.delete(lab, tossed)
    edit.archive(lab, [finished[0], noted])
    before = {run.id: run for run in lab.catalogue.all()}
    assert before[noted.id].note == "why?"
    lab.workspace.runs_json.unlink()
    assert reindex(lab).damaged == ()
    assert {run.id: run for run in lab.catalogue.all()} == before


def test_an_archived_run_comes_back_and_keeps_the_time_of_its_first_archiving(
    lab: Lab, finished: tuple[RunRecord, RunRecord]
) -> None:
    (once,) = edit.archive(lab, [finished[0]])
    (twice,) = edit.archive(lab, [once])
    assert once.archived is not None
    assert twice.archived == once.archived
    (back,) = edit.archive(lab, [twice], away=False)
    assert back == finished[0]


def test_many_runs_are_deleted_and_restored_in_one_write_of_the_catalogue_each(
    lab: Lab, finished: tuple[RunRecord, RunRecord]
) -> None:
    everything = lab.records()
    before = lab.workspace.runs_json.stat().st_ino
    done = edit.delete_all(lab, everything)
    assert (len(done.runs), done.faults, lab.records()) == (len(everything), (), [])
    assert lab.workspace.runs_json.stat().st_ino != before
    edit.restore_all(lab, done.runs)
    assert lab.records() == everything


def test_a_run_that_cannot_be_deleted_does_not_keep_the_others_from_it(
    lab: Lab, finished: tuple[RunRecord, RunRecord], fake_engine: Callable[[str], None]
) -> None:
    fake_engine("hold")
    (alive,) = enqueue(
        lab, plan(lab.library(), Selection(presets=("base/moe-tiny",), settings={"training.device": "cpu"}))
    )
    eventually(lambda: lab.see(lab.find(alive.id)).status == "running")
    done = edit.delete_all(lab, [lab.find(alive.id), finished[0]])
    assert [run.id for run in done.runs] == [finished[0].id]
    assert "stop it first" in done.faults[0]


def test_an_empty_name_changes_nothing(lab: Lab, finished: tuple[RunRecord, RunRecord]) -> None:
    with pytest.raises(UsageError, match="needs a name"):
        edit.label_all(lab, finished, lambda run: {"name": " ", "note": "no"})
    assert lab.find(finished[0].id) == finished[0]


def test_the_records_know_the_settings_that_are_not_the_defaults(
    lab: Lab, finished: tuple[RunRecord, RunRecord]
) -> None:
    assert finished[0].settings is not None
    assert finished[0].settings["model.d_model"] == 128
    assert [run.setting("optimizer.lr") for run in finished] == [0.01, 0.05]
    assert finished[0].setting("optimizer.momentum") == 0.95


def test_a_damaged_catalogue_is_told_with_line_and_column_and_rebuilt(
    lab: Lab, finished: tuple[RunRecord, RunRecord]
) -> None:
    path = lab.workspace.runs_json
    broken = path.read_text()[:-40]
    path.write_text(broken)
    with pytest.raises(CatalogueError, match=r"line \d+, column \d+.*reindex"):
        lab.snapshot()
    assert path.read_text() == broken
    reindex(lab)
    assert {run.id for run in lab.snapshot().runs} >= {run.id for run in finished}
    assert [old.read_text() for old in path.parent.glob("runs.json.damaged-*")] == [broken]


def test_a_damaged_run_directory_is_named_and_the_others_are_kept(
    lab: Lab, finished: tuple[RunRecord, RunRecord]
) -> None:
    lab.run_dir(finished[0]).config_file.write_text("{")
    found = reindex(lab)
    assert found.runs == 2  # its record stays as it was
    assert finished[0].id in found.damaged[0]


def test_a_new_workspace_shows_the_published_results_without_writing_anything(lab: Lab) -> None:
    runs = lab.snapshot().runs
    assert {run.status for run in runs} == {"published"}
    assert {run.source.partition("_")[0] for run in runs} == {"000", "001", "002", "003", "004"}
    assert list(lab.workspace.root.iterdir()) == []
    best = min(
        (run for run in runs if run.final and run.final.val_loss),
        key=lambda run: (run.final and run.final.val_loss) or 0.0,
    )
    assert (best.name, best.seed) == ("published/exp10/lower-lb-weight", None)


def test_the_catalogue_is_one_small_readable_document_per_run(lab: Lab, finished: tuple[RunRecord, RunRecord]) -> None:
    text = lab.workspace.runs_json.read_text()
    documents = json.loads(text)["runs"]
    assert set(documents) == {run.id for run in lab.catalogue.all()}
    assert all(len(json.dumps(document)) < 1500 for document in documents.values())
    assert text.endswith("}\n")
