"""The repository's own runs.json ships the published results, which are those of the presets."""

import statistics
from pathlib import Path

import pytest

from moetui.core.catalogue.index import Catalogue
from moetui.core.catalogue.records import RunRecord
from moetui.core.planning.plan import Selection, plan
from moetui.core.planning.presets import Library
from moetui.core.runs.published import published_records
from moetui.core.runs.recorded import recorded_config
from moetui.core.studies.progress import survey

ROOT = Path(__file__).parents[1]


def test_runs_json_holds_every_published_result_of_the_presets_in_their_order() -> None:
    shipped = [record for record in Catalogue(ROOT / "runs.json").all() if record.published]
    assert shipped == published_records(Library.load())
    assert len({record.id for record in shipped}) == len(shipped)


@pytest.mark.parametrize(
    ("name", "loss", "accuracy", "perplexity", "seconds"),
    [
        ("conservative-warmup", 7.410, 0.094, 1652, 20.5),
        ("baseline", 7.399, 0.092, 1635, 20.7),
        ("no-warmup", 7.423, 0.090, 1673, 20.6),
        ("aggressive-warmup", 7.421, 0.090, 1670, 20.8),
        ("long-warmup", 7.451, 0.089, 1722, 20.6),
    ],
)
def test_the_published_schedules_have_the_numbers_of_the_document(
    name: str, loss: float, accuracy: float, perplexity: float, seconds: float
) -> None:
    (record,) = [record for record in published_records(Library.load()) if record.name == f"published/schedule/{name}"]
    assert record.final is not None
    final = record.final
    assert (final.val_loss, final.val_accuracy, final.val_perplexity, final.seconds) == (
        loss,
        accuracy,
        perplexity,
        seconds,
    )
    assert record.source == "000_ead1b3e12b314aea.txt"


def test_the_accidental_replicates_of_exp8_are_one_group_with_the_noise_that_they_show() -> None:
    groups: dict[str, list[RunRecord]] = {}
    for record in published_records(Library.load()):
        groups.setdefault(record.group, []).append(record)
    replicates = groups["published/exp8/one-configuration"]
    losses = [record.final.val_loss or 0.0 for record in replicates if record.final]
    assert sorted(losses) == [5.1478, 5.1482, 5.1563, 5.1588, 5.1649]
    assert statistics.stdev(losses) == pytest.approx(0.00728, abs=5e-6)
    assert {recorded_config(Library.load(), record) for record in replicates} == {
        recorded_config(Library.load(), replicates[0])
    }
    assert [group for group, members in groups.items() if len(members) > 1] == ["published/exp8/one-configuration"]


def test_a_published_result_belongs_to_the_study_of_the_corrected_presets() -> None:
    library = Library.load()
    for record in published_records(library):
        assert "as-published" not in record.name + record.study
        assert library.get(record.study).is_study


@pytest.mark.parametrize(
    ("name", "study", "lr", "accuracy"),
    [
        ("lr-guide/steps/default", "lr-guide/steps", 0.01, 0.016),
        ("lr-guide/steps/after-rate", "lr-guide/steps", 0.065, 0.093),
        ("lr-guide/steps/after-schedule", "lr-guide/steps", 0.065, 0.094),
        ("step-decay/previous", "step-decay/all", 0.002, 0.0698),
    ],
)
def test_the_numbers_that_the_guide_and_the_fix_compare_with_are_records(
    name: str, study: str, lr: float, accuracy: float
) -> None:
    (record,) = [record for record in published_records(Library.load()) if record.name == f"published/{name}"]
    assert record.final is not None
    assert (record.study, record.lr, record.final.val_accuracy) == (study, lr, accuracy)
    assert record.final.val_loss is None
    assert record.note  # each has a reservation: what the document leaves out


def test_what_a_document_expects_is_no_published_result() -> None:
    expected = Library.load().get("step-decay/per-epoch").expected
    assert [(one.metric, one.above) for one in expected] == [("val_accuracy", 0.0698), ("val_accuracy", 0.40)]
    assert not [record for record in published_records(Library.load()) if record.preset == "step-decay/per-epoch"]


STUDIES = ("lr-report/phase-1@tiny", "schedule/all@tiny", "lr-guide/twelve@tiny")


@pytest.mark.parametrize("study", STUDIES)
def test_the_lab_book_holds_whole_studies_of_today_s_presets_with_three_seeds(study: str) -> None:
    records = Catalogue(ROOT / "runs.json").all()
    members = survey(plan(Library.load(), Selection(presets=(study,), seeds=(1, 2, 3))), records)
    assert {member.state for member in members} == {"there"}
    for member in members:
        assert member.record is not None
        assert not member.record.path  # the directories are too large to be kept with the code
        assert recorded_config(Library.load(), member.record) == member.planned.config
