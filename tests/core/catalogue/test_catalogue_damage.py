"""A runs.json that is not a catalogue: told in one line, left alone, and set aside only by who rebuilds it."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from moetui.core.catalogue.index import Catalogue
from moetui.core.errors import CatalogueError, DamagedCatalogueError
from tests.core.catalogue.test_catalogue import record
from tests.core.catalogue.test_storage import run_in_child


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.json"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ('{"runs": {"a": {]}}', "line 1, column 17: "),
        ('{"runs": 3}', "table runs: not an object"),
        ('{"runs": {"a": 3}}', "table runs, record a: not an object"),
    ],
)
def test_a_damaged_file_is_told_by_every_method_and_left_untouched(path: Path, content: str, fault: str) -> None:
    path.write_text(content)
    catalogue = Catalogue(path)
    attempts: list[Callable[[], object]] = [
        catalogue.all,
        lambda: catalogue.get("a"),
        lambda: catalogue.add([record("z")]),
        lambda: catalogue.put([record("a")]),
        lambda: catalogue.change("a", note="x"),
        lambda: catalogue.remove(["a"]),
    ]
    for attempt in attempts:
        with pytest.raises(DamagedCatalogueError) as caught:
            attempt()
        message = str(caught.value)
        assert message.startswith(f"{path}: {fault}")
        assert message.endswith("`moetui reindex` rebuilds it")
        assert "\n" not in message
    assert path.read_text() == content
    assert [entry.name for entry in path.parent.iterdir() if "lock" not in entry.name] == ["runs.json"]


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ('{"id": "a", "name": "n"}', "status: Field required"),
        ('{"id": "a", "name": "n", "status": "odd"}', "status: Input should be"),
        (
            '{"id": "a", "name": "n", "status": "lost", "final": {"val_loss": []}}',
            "final: val_loss: Input should be a valid number",
        ),
        ('{"id": "b", "name": "n", "status": "lost"}', "id: b is the id of another"),
        ('{"id": "a", "name": "n", "status": "lost", "created": 1e300}', "created: Input should be less than"),
        ('{"id": "a", "name": "n", "status": "lost", "created": "nan"}', "created: Input should be"),
        ('{"id": "a", "name": "n", "status": "lost", "updates": 1e20}', "updates: "),
    ],
)
def test_a_document_that_is_no_record_is_named_and_stays_and_the_others_work(
    path: Path, document: str, fault: str
) -> None:
    good = '{"id": "z", "name": "n", "status": "lost"}'
    path.write_text(f'{{"runs": {{"a": {document}, "z": {good}}}}}')
    catalogue = Catalogue(path)
    for _ in range(2):
        assert [one.id for one in catalogue.all()] == ["z"]
        assert catalogue.get("a") is None
        (told,) = catalogue.faults()
        assert told.startswith(f"{path}: record a: {fault}")
        assert "\n" not in told
        catalogue.change("z", note="said")
    assert json.loads(path.read_text())["runs"]["a"] == json.loads(document)
    with pytest.raises(CatalogueError, match="run a is there already"):
        catalogue.add([record("a")])
    catalogue.put([record("a")])
    assert {one.id for one in catalogue.all()} == {"a", "z"}
    assert catalogue.faults() == ()


@pytest.mark.parametrize("run_id", ["", ".", "..", "../x", "a/b", "/etc", "-rf", "a\n", "a\x00", "ä", "x" * 129])
def test_an_id_that_could_lead_elsewhere_is_no_id(path: Path, run_id: str) -> None:
    document = {"id": run_id, "name": "n", "status": "published"}
    path.write_text(json.dumps({"runs": {run_id: document}}))
    catalogue = Catalogue(path)
    assert catalogue.all() == []
    assert len(catalogue.faults()) == 1


@pytest.mark.parametrize(
    "place",
    [
        "/etc",
        "..",
        ".",
        "runs",
        "runs/",
        "runs/..",
        "runs/../x",
        "runs/a/..",
        "runs/a/b",
        "./runs/a",
        "runs//a",
        "runs/.published",
        "runs/.trash",
        "runs/.trash/..",
        "runs/.trash/a/b",
        "elsewhere/a",
        "runs/a\x00",
        "runs/a\n",
    ],
)
def test_a_path_that_leads_elsewhere_is_no_path(path: Path, place: str) -> None:
    path.write_text(json.dumps({"runs": {"a": {"id": "a", "name": "n", "status": "lost", "path": place}}}))
    catalogue = Catalogue(path)
    assert catalogue.all() == []
    assert len(catalogue.faults()) == 1


@pytest.mark.parametrize("place", ["", "runs/a", "runs/.trash/a", "runs/renamed by its owner"])
def test_a_path_in_runs_is_one(path: Path, place: str) -> None:
    path.write_text(json.dumps({"runs": {"a": {"id": "a", "name": "n", "status": "lost", "path": place}}}))
    assert [one.path for one in Catalogue(path).all()] == [place]


@pytest.mark.parametrize("content", ["{", '{"runs": {"a": {}}}'])
def test_replace_all_sets_a_damaged_file_aside(path: Path, content: str) -> None:
    path.write_text(content)
    aside = Catalogue(path).replace_all([record("b")])
    assert aside is not None
    assert aside.parent == path.parent
    assert re.fullmatch(r"runs\.json\.damaged-\d{8}-\d{6}", aside.name)
    assert aside.read_text() == content
    assert Catalogue(path).all() == [record("b")]


def test_replace_all_that_fails_leaves_the_damaged_file_where_it_is(path: Path) -> None:
    path.write_text("{")
    printed = run_in_child(
        """
        import resource, sys
        from pathlib import Path
        from moetui.core.catalogue.index import Catalogue, CatalogueError, RunRecord
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            Catalogue(Path(sys.argv[1])).replace_all([RunRecord(id="a", name="x" * 2000, status="finished")])
        except CatalogueError as error:
            print(error)
        """,
        path,
    )
    assert "cannot write this file: File too large" in printed
    assert path.read_text() == "{"
    assert [entry.name for entry in path.parent.iterdir() if "lock" not in entry.name] == ["runs.json"]
