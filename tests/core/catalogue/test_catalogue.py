"""The catalogue: typed records in a file that people can read and mend."""

import contextlib
import json
import math
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest
from tinydb import TinyDB
from tinydb.table import Table

from moetui.core.catalogue.index import Catalogue
from moetui.core.catalogue.records import RunRecord, Scores
from moetui.core.errors import CatalogueError, NotFoundError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.json"


@pytest.fixture
def catalogue(path: Path) -> Catalogue:
    return Catalogue(path)


def record(run_id: str, **fields: Any) -> RunRecord:
    return RunRecord(**{"id": run_id, "name": f"run {run_id}", "status": "finished"} | fields)


def full_record(run_id: str = "full") -> RunRecord:
    scores = Scores(val_loss=7.41, val_accuracy=0.11, val_perplexity=1652.4, seconds=611.0, update=800)
    return record(
        run_id,
        preset="schedule/conservative-warmup",
        study="cosine",
        group="g",
        seed=2,
        reason="done",
        update=800,
        updates=800,
        lr=0.065,
        point={"optimizer.lr": 0.065, "schedule.name": "cosine"},
        created=1.0,
        started=2.0,
        ended=3.0,
        device="cuda:0",
        tags=("good", "löblich"),
        note="two\nlines",
        final=scores,
        best=scores,
        tokens_per_second=1234.5,
        data_fingerprint="ab12",
        path="runs/full",
    )


def documents(path: Path) -> dict[str, Any]:
    runs: dict[str, Any] = json.loads(path.read_text())["runs"]
    return runs


def test_a_missing_file_holds_no_records(catalogue: Catalogue) -> None:
    assert catalogue.all() == []
    assert catalogue.get("a") is None


@pytest.mark.parametrize("original", [record("bare"), full_record()], ids=lambda value: value.id)
def test_a_record_reads_back_as_it_was_written(path: Path, original: RunRecord) -> None:
    Catalogue(path).add([original])
    assert Catalogue(path).all() == [original]
    assert Catalogue(path).get(original.id) == original


def test_the_scores_of_a_diverged_run_read_back(path: Path) -> None:
    final = Scores(val_loss=math.nan, val_perplexity=math.inf)
    Catalogue(path).add([record("a", status="diverged", final=final)])
    found = Catalogue(path).all()[0].final
    assert found is not None
    assert math.isnan(found.val_loss or 0)
    assert found.val_perplexity == math.inf


def test_the_file_lists_the_fields_in_order_and_leaves_out_what_is_empty(path: Path) -> None:
    Catalogue(path).add([record("a", final=Scores(val_loss=7.0), tags=("x",))])
    assert list(documents(path)["a"].items()) == [
        ("id", "a"),
        ("name", "run a"),
        ("status", "finished"),
        ("update", 0),
        ("updates", 0),
        ("created", 0.0),
        ("backend", "local"),
        ("tags", ["x"]),
        ("published", False),
        ("branch", False),
        ("final", {"val_loss": 7.0}),
    ]


def test_the_order_of_keys_does_not_depend_on_the_order_of_changes(path: Path, catalogue: Catalogue) -> None:
    catalogue.add([record("a")])
    catalogue.change("a", note="n", reason="r")
    catalogue.change("a", seed=1, preset="p")
    assert [key for key in documents(path)["a"] if key in RunRecord.model_fields] == [
        key for key in RunRecord.model_fields if key in documents(path)["a"]
    ]


def test_records_stay_in_the_order_in_which_they_came(catalogue: Catalogue) -> None:
    catalogue.add([record("b"), record("a")])
    catalogue.put([record("c"), record("b", note="new")])
    assert [one.id for one in catalogue.all()] == ["b", "a", "c"]


def test_tinydb_itself_reads_the_file(path: Path) -> None:
    class Runs(Table):
        document_id_class = str  # type: ignore[assignment]

    Catalogue(path).add([record("a"), record("b")])
    with TinyDB(path) as database:
        table = Runs(database.storage, "runs")
        assert [document["id"] for document in table.all()] == ["a", "b"]


def test_adding_an_id_twice_is_an_error_and_adds_nothing(path: Path, catalogue: Catalogue) -> None:
    catalogue.add([record("a", note="first")])
    with pytest.raises(CatalogueError, match="run a is there already"):
        catalogue.add([record("b"), record("a", note="second")])
    with pytest.raises(CatalogueError, match="run c is there already"):
        catalogue.add([record("c"), record("c")])
    assert Catalogue(path).all() == catalogue.all() == [record("a", note="first")]


def test_put_replaces_whole_records(path: Path, catalogue: Catalogue) -> None:
    catalogue.add([full_record("a"), record("b")])
    catalogue.put([record("a", note="other")])
    assert Catalogue(path).all() == [record("a", note="other"), record("b")]


def test_change_sets_the_given_fields_only(path: Path, catalogue: Catalogue) -> None:
    catalogue.add([full_record("a"), record("b")])
    changed = catalogue.change("a", status="failed", tags=["t"])
    assert changed == full_record("a").model_copy(update={"status": "failed", "tags": ("t",)})
    assert Catalogue(path).all() == [changed, record("b")]


def test_change_knows_its_fields(catalogue: Catalogue) -> None:
    catalogue.add([record("a")])
    with pytest.raises(TypeError, match="no field nte"):
        catalogue.change("a", nte="slip")


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"status": "gone"}, "run a: status: Input should be"),
        ({"final": {"val_loss": "low"}}, "run a: final: val_loss: Input should be a valid number"),
        ({"note": "\udcff"}, "run a: .*not valid UTF-8"),
    ],
)
def test_what_could_not_be_read_back_is_not_written(
    path: Path, catalogue: Catalogue, fields: dict[str, Any], fault: str
) -> None:
    catalogue.add([record("a")])
    before = path.read_bytes()
    with pytest.raises(CatalogueError, match=fault):
        catalogue.change("a", **fields)
    assert path.read_bytes() == before
    assert catalogue.all() == [record("a")]


def test_update_is_given_what_other_processes_wrote(path: Path, catalogue: Catalogue) -> None:
    catalogue.add([record("a", update=1)])
    catalogue.all()
    Catalogue(path).change("a", update=2)
    assert catalogue.update("a", lambda old: old.model_copy(update={"update": old.update + 1})).update == 3


def test_update_many_is_one_write_for_all_or_none(path: Path, catalogue: Catalogue) -> None:
    catalogue.add([record("a"), record("b"), record("c")])
    updated = catalogue.update_many(["c", "a"], lambda old: old.model_copy(update={"note": old.id}))
    assert [one.note for one in updated] == ["c", "a"]
    with pytest.raises(NotFoundError, match="no run z"):
        catalogue.update_many(["b", "z"], lambda old: old.model_copy(update={"note": "lost"}))
    assert [one.note for one in Catalogue(path).all()] == ["a", "", "c"]


def test_an_update_cannot_change_the_id(catalogue: Catalogue) -> None:
    catalogue.add([record("a")])
    with pytest.raises(ValueError, match="cannot change the id"):
        catalogue.update("a", lambda old: record("b"))
    assert catalogue.all() == [record("a")]


def test_a_change_of_an_unknown_run_is_not_found(catalogue: Catalogue) -> None:
    with pytest.raises(NotFoundError, match="no run a"):
        catalogue.change("a", note="x")


def test_what_remove_returns_undoes_it(path: Path, catalogue: Catalogue) -> None:
    catalogue.add([record("a"), full_record("b"), record("c")])
    removed = catalogue.remove(["b", "unknown", "a", "b"])
    assert Catalogue(path).all() == [record("c")]
    catalogue.add(removed)
    assert Catalogue(path).all() == [record("c"), full_record("b"), record("a")]


def test_keys_that_are_not_ours_survive_an_update(path: Path, catalogue: Catalogue) -> None:
    catalogue.add([record("a", final=Scores(val_loss=7.0))])
    tables = json.loads(path.read_text())
    tables["runs"]["a"] |= {"mine": {"x": [1, None]}, "nothing": None}
    tables["runs"]["a"]["final"]["bits_per_byte"] = 1.5
    tables["other"] = {"1": {"kept": True}}
    path.write_text(json.dumps(tables))
    catalogue.change("a", note="new")
    catalogue.add([record("b")])
    after = json.loads(path.read_text())
    assert after["runs"]["a"]["note"] == "new"
    assert after["runs"]["a"]["mine"] == {"x": [1, None]}
    assert after["runs"]["a"]["nothing"] is None
    assert after["runs"]["a"]["final"]["bits_per_byte"] == 1.5
    assert after["other"] == {"1": {"kept": True}}


def test_changed_tells_of_every_write_since_all(path: Path, catalogue: Catalogue) -> None:
    assert catalogue.changed()
    catalogue.all()
    assert not catalogue.changed()
    Catalogue(path).add([record("a")])
    assert catalogue.changed()
    catalogue.get("a")
    assert catalogue.changed()
    catalogue.all()
    assert not catalogue.changed()
    catalogue.change("a", note="own")
    assert catalogue.changed()
    catalogue.all()
    path.unlink()
    assert catalogue.changed()
    assert catalogue.all() == []


def test_unchanged_records_are_not_made_anew(path: Path, catalogue: Catalogue) -> None:
    catalogue.add([record("a"), record("b")])
    first = catalogue.all()
    Catalogue(path).change("a", note="new")
    second = catalogue.all()
    assert second[0].note == "new"
    assert second[1] is first[1]


def test_the_list_is_the_callers_own(catalogue: Catalogue) -> None:
    catalogue.add([record("a")])
    catalogue.all().clear()
    assert catalogue.all() == [record("a")]


def test_a_transaction_is_one_write_and_sees_itself(path: Path, catalogue: Catalogue) -> None:
    other = Catalogue(path, lock_timeout=0)
    with catalogue.transaction():
        catalogue.add([record("a", status="queued")])
        assert catalogue.all()[0].status == "queued"
        catalogue.change("a", status="starting")
        assert not path.exists()
        with pytest.raises(CatalogueError, match=r"runs\.json\.lock: held by another writer"):
            other.add([record("b")])
    assert [one.status for one in other.all()] == ["starting"]


def test_a_transaction_that_fails_leaves_everything_as_it_was(path: Path, catalogue: Catalogue) -> None:
    catalogue.add([record("a")])
    before = path.read_bytes()

    def fail() -> None:
        with catalogue.transaction():
            catalogue.change("a", note="lost")
            catalogue.add([record("b")])
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert path.read_bytes() == before
    assert catalogue.all() == [record("a")]


def test_a_step_that_fails_within_a_transaction_costs_only_itself(path: Path, catalogue: Catalogue) -> None:
    with catalogue.transaction():
        catalogue.add([record("a")])
        with pytest.raises(CatalogueError):
            catalogue.add([record("b"), record("a")])
    assert Catalogue(path).all() == [record("a")]


def test_replace_all_replaces_all(path: Path, catalogue: Catalogue) -> None:
    catalogue.add([record("a"), record("b")])
    before = path.read_text()
    kept = catalogue.replace_all([record("c"), record("a", note="new")])
    assert kept is not None
    assert kept.read_text() == before
    assert catalogue.replace_all([record("c"), record("a", note="new")]) is None  # as it was
    assert Catalogue(path).all() == catalogue.all() == [record("c"), record("a", note="new")]


def test_threads_share_a_catalogue(path: Path) -> None:
    catalogue = Catalogue(path, lock_timeout=60)  # however slow the disk is today
    catalogue.add([record("count", update=0)])
    done = threading.Event()

    def count() -> None:
        for _ in range(25):
            catalogue.update("count", lambda old: old.model_copy(update={"update": old.update + 1}))

    def give_up() -> None:
        for _ in range(25):
            with contextlib.suppress(KeyError), catalogue.transaction():
                catalogue.put([record("never")])
                raise KeyError

    def look() -> None:
        last = 0
        while not done.is_set():
            found = {one.id: one.update for one in catalogue.all()}
            assert found.keys() == {"count"}
            assert found["count"] >= last
            last = found["count"]

    with ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(look) for _ in range(2)]
        writers = [pool.submit(work) for work in (count, count, give_up, count, count)]
        wait(writers)
        done.set()
        for future in readers + writers:
            future.result()
    assert Catalogue(path).all() == [record("count", update=100)]
