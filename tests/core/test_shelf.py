"""Naming, tagging, deleting and restoring, and the catalogue rebuilt from the directories."""

import json
from collections.abc import Callable

import pytest

from moetui.core import shelf
from moetui.core.enqueue import enqueue
from moetui.core.errors import CatalogueError, LabError, NotFoundError, UsageError
from moetui.core.lab import Lab
from moetui.core.plan import Selection, plan
from moetui.core.records import RunRecord
from moetui.core.reindex import reindex
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
    shelf.label(lab, finished[0], name="renamed", tags=["a", "b", "a"], note="[bold]not markup[/bold]")
    record = lab.find("renamed")
    assert (record.tags, record.note) == (("a", "b"), "[bold]not markup[/bold]")
    labels = lab.run_dir(record).labels()
    assert labels is not None
    assert (labels.name, labels.tags) == ("renamed", ("a", "b"))


def test_a_deleted_run_comes_back_whole(lab: Lab, finished: tuple[RunRecord, RunRecord]) -> None:
    run = finished[0]
    shelf.delete(lab, run)
    with pytest.raises(NotFoundError):
        lab.find(run.id)
    assert not (lab.workspace.runs / run.id).exists()
    shelf.restore(lab, lab.find(run.id, deleted=True))
    assert lab.find(run.id) == run
    assert lab.run_dir(run).result() is not None


def test_a_live_run_cannot_be_deleted(lab: Lab, fake_engine: Callable[[str], None]) -> None:
    fake_engine("hold")
    (run,) = enqueue(
        lab, plan(lab.library(), Selection(presets=("base/moe-tiny",), settings={"training.device": "cpu"}))
    )
    eventually(lambda: lab.see(lab.find(run.id)).status == "running")
    with pytest.raises(LabError, match="stop it first"):
        shelf.delete(lab, lab.find(run.id))


def test_reindex_rebuilds_the_same_catalogue(lab: Lab, finished: tuple[RunRecord, RunRecord]) -> None:
    shelf.label(lab, finished[0], tags=["kept"], note="kept too")
    shelf.delete(lab, finished[1])
    before = {run.id: run.model_copy(update={"deleted": None}) for run in lab.catalogue.all()}
    lab.workspace.runs_json.unlink()
    found = reindex(lab)
    assert (found.runs, found.damaged) == (2, ())
    after = {run.id: run for run in lab.catalogue.all()}
    assert after[finished[1].id].deleted is not None
    assert {key: run.model_copy(update={"deleted": None}) for key, run in after.items()} == before


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
    assert found.runs == 1
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
