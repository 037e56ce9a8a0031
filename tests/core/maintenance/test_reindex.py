"""Rebuilding the catalogue loses nothing that can be read, names what cannot, and keeps what was there."""

import json
from pathlib import Path

import orjson
import pytest

from moetui.core.catalogue.index import Catalogue
from moetui.core.catalogue.schema import SCHEMA, Tables, migrated
from moetui.core.catalogue.slices import SLICE
from moetui.core.errors import NewerCatalogueError
from moetui.core.maintenance.reindex import reindex
from moetui.core.queue.edit import label
from moetui.core.runs.lab import Lab
from tests.core.catalogue.test_catalogue import record
from tests.tui.lab_on_disk import end_run, write_run


@pytest.fixture
def book(lab: Lab) -> Lab:
    """A laboratory with a run in its directory and three records alone, as lab books in repositories have them."""
    lab.found_catalogue()
    label(lab, end_run(lab, write_run(lab, "here")), note="precious")
    lab.catalogue.add(record(f"alone{n}", note=f"number {n}", path="") for n in range(3))
    return lab


def alone(lab: Lab) -> set[str]:
    return {run.id for run in lab.records() if run.id.startswith("alone")}


EVERY = {"alone0", "alone1", "alone2"}


def damage(lab: Lab, text: str) -> None:
    lab.workspace.runs_json.write_text(text)


def test_records_without_a_directory_survive_conflict_markers(book: Lab) -> None:
    lines = book.workspace.runs_json.read_text().splitlines(keepends=True)
    damage(book, "".join([*lines[:4], "<<<<<<< HEAD\n", *lines[4:]]))
    found = reindex(book)
    assert (alone(book), found.lost) == (EVERY, ())
    assert found.kept is not None
    assert "<<<<<<< HEAD" in found.kept.read_text()
    assert book.find("here").note == "precious"


def test_both_sides_of_a_conflict_are_merged_and_the_first_one_counts(book: Lab) -> None:
    text = book.workspace.runs_json.read_text()
    ours = '      "note": "number 1"\n'
    assert ours in text or ours.replace("\n", ",\n") in text
    mine, _, theirs = ours.rstrip(), None, '      "note": "of the other side"'
    conflict = f"<<<<<<< HEAD\n{mine}\n=======\n{theirs}\n>>>>>>> branch\n"
    with_comma = conflict.replace('"\n', '",\n')
    damage(book, text.replace(ours, conflict).replace(ours.replace("\n", ",\n"), with_comma))
    assert reindex(book).lost == ()
    assert alone(book) == EVERY
    assert book.find("alone1").note == "number 1"


@pytest.mark.parametrize("share", [0.2, 0.9, 0.96, 0.98, 0.99])
def test_what_is_whole_of_a_torn_file_is_kept_and_the_rest_is_named(book: Lab, share: float) -> None:
    text = book.workspace.runs_json.read_text()
    torn = text[: int(len(text) * share)]
    damage(book, torn)
    found = reindex(book)
    assert {"here", *alone(book)} >= {"here", *(key for key in EVERY if f"number {key[-1]}" in torn)}
    assert set(found.lost) <= EVERY
    assert all(f'"{key}"' in torn for key in found.lost)


def test_a_document_that_is_no_record_is_named(book: Lab) -> None:
    tables = json.loads(book.workspace.runs_json.read_text())
    tables["runs"]["alone1"]["status"] = "from the future"
    damage(book, json.dumps(tables))
    found = reindex(book)
    assert (found.lost, alone(book)) == (("alone1",), EVERY - {"alone1"})
    assert found.kept is not None
    assert "from the future" in found.kept.read_text()


@pytest.mark.parametrize("text", ["", "{", '{"schema_version": 99}'])
def test_a_directory_that_cannot_be_read_keeps_its_record(book: Lab, text: str) -> None:
    before = book.find("here")
    book.run_dir(before).config_file.write_text(text)
    found = reindex(book)
    assert book.find("here") == before
    assert "here" in found.damaged[0]
    assert "its record stays as it was" in found.damaged[0]


def test_an_emptied_file_is_damage_and_is_rebuilt(book: Lab) -> None:
    damage(book, "")
    found = reindex(book)
    assert book.find("here").note == "precious"
    assert found.kept is not None


def test_a_sound_catalogue_is_left_as_it_is(book: Lab) -> None:
    reindex(book)
    assert reindex(book).kept is None


def test_a_directory_of_a_newer_version_is_refused_and_named(book: Lab) -> None:
    file = book.run_dir(book.find("here")).config_file
    file.write_bytes(orjson.dumps(orjson.loads(file.read_bytes()) | {"schema_version": 99}))
    assert "newer moetui" in reindex(book).damaged[0]


def test_a_catalogue_of_a_newer_version_is_refused_and_loses_nothing(book: Lab) -> None:
    tables = json.loads(book.workspace.runs_json.read_text())
    assert tables["moetui"]["book"]["schema"] == SCHEMA
    tables["moetui"]["book"]["schema"] = SCHEMA + 1
    damage(book, text := json.dumps(tables))
    for act in (book.records, lambda: reindex(book), lambda: book.catalogue.put([record("new")])):
        with pytest.raises(NewerCatalogueError, match="newer moetui"):
            act()
    assert book.workspace.runs_json.read_text() == text


@pytest.mark.parametrize("count", [3, 5000])
def test_a_catalogue_of_the_first_version_is_read_and_brought_up_to_date_by_a_write(tmp_path: Path, count: int) -> None:
    path = tmp_path / "runs.json"
    records = [record(f"r{n}", note="n" * 200) for n in range(count)]
    Catalogue(path).add(records)
    tables = json.loads(path.read_text())
    del tables["moetui"]
    path.write_bytes(orjson.dumps(tables, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    assert (path.stat().st_size > SLICE) == (count > 1000)
    catalogue = Catalogue(path)
    assert catalogue.all() == records
    catalogue.change("r1", note="changed")
    assert json.loads(path.read_text())["moetui"] == {"book": {"schema": SCHEMA}}
    assert Catalogue(path).all() == catalogue.all()
    assert len(catalogue.all()) == count


def test_each_version_leads_to_the_next(tmp_path: Path) -> None:
    for version in range(1, SCHEMA + 1):
        tables: Tables = {"runs": {"a": {"id": "a"}}, "moetui": {"book": {"schema": version}}}
        assert migrated(tables, tmp_path) == {"runs": {"a": {"id": "a"}}}
