"""A runs.json that is not a catalogue: told in one line, left alone, and set aside only by who rebuilds it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from moetui.core.catalogue.index import Catalogue
from moetui.core.errors import DamagedCatalogueError
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
        ('{"runs": {"a": {"id": "a", "name": "n"}}}', "record a: status: Field required"),
        ('{"runs": {"a": {"id": "a", "name": "n", "status": "odd"}}}', "record a: status: Input should be"),
        (
            '{"runs": {"a": {"id": "a", "name": "n", "status": "lost", "final": {"val_loss": []}}}}',
            "record a: final: val_loss: Input should be a valid number",
        ),
        ('{"runs": {"a": {"id": "b", "name": "n", "status": "lost"}}}', "record a: id: b is the id of another"),
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
