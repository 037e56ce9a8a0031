"""Every format has one entry, one row in the documents and one input, which gives the runs that it holds."""

from pathlib import Path

import pytest

from moetui.core.exchange.foreign import ForeignRun
from moetui.core.exchange.format import Format
from moetui.core.exchange.reading import read_all
from moetui.core.exchange.registry import FORMATS
from tests.core.exchange.samples import INPUTS, SAMPLES

DOCS = Path(__file__).parents[3] / "docs" / "exchange.md"


@pytest.mark.parametrize("entry", FORMATS, ids=lambda entry: entry.name)
def test_every_format_has_help_a_row_in_the_documents_and_an_input(entry: Format) -> None:
    assert entry.about
    assert f"| `{entry.name}` |" in DOCS.read_text()
    assert entry.read or entry.write or entry.write_folder
    assert (entry.name in SAMPLES) == (entry.read is not None)


def curve(run: ForeignRun, key: str) -> list[tuple[int, float]]:
    return [(record["update"], record[key]) for record in run.records if key in record]


@pytest.mark.parametrize("name", INPUTS)
def test_a_file_is_taken_for_what_it_is_and_gives_its_curves(tmp_path: Path, name: str) -> None:
    sample = INPUTS[name]
    (found,) = read_all([sample.make(tmp_path)], sample.choices).found
    assert found.format.name == name.removesuffix("-journal")
    assert found.why
    assert {run.name for run in found.runs} == set(sample.expected)
    for run in found.runs:
        assert run.columns or name == "metrics-json"
        for key, points in sample.expected[run.name].items():
            assert [update for update, _ in curve(run, key)] == [update for update, _ in points]
            assert [value for _, value in curve(run, key)] == pytest.approx([value for _, value in points])


@pytest.mark.parametrize("name", [entry.name for entry in FORMATS if entry.in_trees])
def test_a_directory_gives_what_it_holds(tmp_path: Path, name: str) -> None:
    sample = SAMPLES[name]
    sample.make(tmp_path / "deep")
    assert {run.name for run in read_all([tmp_path], sample.choices).runs} == {
        f"deep/{run}" if name == "tensorboard" else run for run in sample.expected
    }
