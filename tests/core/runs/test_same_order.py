"""Which runs saw the same batches in the same order, and what becomes of a rise that they share."""

import json
import math
from collections.abc import Mapping
from pathlib import Path

import pytest

from moetui.core.catalogue.records import RunRecord
from moetui.core.exchange.importing import import_runs
from moetui.core.exchange.reading import read_all
from moetui.core.runs.background import Backgrounds
from moetui.core.runs.detail import detail
from moetui.core.runs.lab import Lab
from moetui.core.runs.same_order import SameOrder
from tests.tui.lab_on_disk import Curve, end_run, write_run

HARD = range(70, 73)


def smooth(update: int) -> float:
    return 8.0 * math.pow(update, -0.1)


def hard_batches(update: int) -> float:
    """A loss that three batches in a row raise by half."""
    return smooth(update) * (1.5 if update in HARD else 1.0)


def trained(
    lab: Lab,
    run_id: str,
    loss: Curve = hard_batches,
    *,
    study: str = "warmups",
    more: Mapping[str, object] | None = None,
) -> RunRecord:
    end_run(lab, write_run(lab, run_id, study=study), loss=loss)
    fresh = {"data_fingerprint": "text", "group": run_id, **(more or {})}
    lab.catalogue.update_many([run_id], lambda one: one.model_copy(update=fresh))
    return next(one for one in lab.records() if one.id == run_id)


def ids(lab: Lab, record: RunRecord) -> int:
    return len(SameOrder(lab).peers(record, lab.records()).measured)


def test_a_spike_that_the_other_settings_of_the_study_have_too_says_so(lab: Lab) -> None:
    record = trained(lab, "a")
    alone = [finding for finding in detail(lab, record).findings if finding.kind == "spike"]
    assert "also in" not in alone[0].evidence
    trained(lab, "b")
    trained(lab, "c")
    trained(lab, "d", smooth)
    (found,) = [finding for finding in detail(lab, record).findings if finding.kind == "spike"]
    assert "also in 2 of 3 runs with the same data order" in found.evidence
    assert found.severity == "note"
    assert "no mark of this setting" in found.advice


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 2},
        {"data_fingerprint": "another text"},
        {"data_fingerprint": ""},
        {"tokens_per_update": 7},
        {"settings": {"data.sequence_length": 64}},
        {"group": "a"},
    ],
    ids=lambda other: "-".join(f"{key}" for key in other),
)
def test_runs_that_may_have_seen_other_batches_are_no_peers(lab: Lab, other: dict[str, object]) -> None:
    record = trained(lab, "a")
    trained(lab, "b")
    assert ids(lab, record) == 1
    trained(lab, "c", more=other)
    assert ids(lab, record) == 1


def test_runs_of_another_study_are_no_peers(lab: Lab) -> None:
    record = trained(lab, "a")
    trained(lab, "b", study="something else")
    assert ids(lab, record) == 0


def test_a_directory_that_is_gone_tells_nothing(lab: Lab) -> None:
    record, other = trained(lab, "a"), trained(lab, "b")
    lab.run_dir(other).metrics_file.unlink()
    assert ids(lab, record) == 0


def test_the_lists_of_the_interface_grade_a_spike_as_the_commands_do(lab: Lab) -> None:
    record = trained(lab, "a")
    trained(lab, "b")
    trained(lab, "c")
    run = lab.run_dir(record)
    result = json.loads(run.result_file.read_text())
    noted = {"kind": "spike", "update": 70, "severity": "warning", "evidence": "noted", "advice": "wait"}
    run.result_file.write_text(json.dumps(result | {"findings": [noted]}))
    (background,) = Backgrounds(lab).look(lab.snapshot(), ["a"]).values()
    assert background.findings == detail(lab, record).findings
    assert "also in 2 of 2" in background.findings[0].evidence


def sweep(folder: Path, losses: dict[str, list[float]]) -> Path:
    for name, values in losses.items():
        (folder / name).mkdir(parents=True)
        tree = {
            "experiment_config": {"name": name},
            "history": {"steps": [10 * place + 10 for place in range(len(values))], "val_losses": values},
        }
        (folder / name / "metrics.json").write_text(json.dumps(tree))
    return folder


def test_imports_from_one_folder_tell_whether_a_jump_is_common(lab: Lab, tmp_path: Path) -> None:
    falling = [8.0 - 0.05 * place for place in range(30)]
    jumping = [loss + (0.4 if place == 20 else 0.0) for place, loss in enumerate(falling)]
    sweep(
        tmp_path / "sweep",
        {"one": jumping, "two": [loss + 0.3 for loss in jumping], "three": [loss + 0.5 for loss in falling]},
    )
    sweep(tmp_path / "sweep", {"four": [loss + 0.1 for loss in jumping]})
    sweep(tmp_path / "elsewhere", {"five": [loss + 0.2 for loss in falling]})
    import_runs(lab, read_all([tmp_path]).runs)
    (found,) = [one for one in detail(lab, lab.find("one")).findings if one.kind == "spike"]
    assert "also in 2 of 3 runs imported from the same folder" in found.evidence


def test_an_imported_run_is_examined_in_the_lists_too(lab: Lab, tmp_path: Path) -> None:
    values = [8.0 - 0.05 * place + (0.4 if place == 20 else 0.0) for place in range(30)]
    import_runs(lab, read_all([sweep(tmp_path, {"one": values})]).runs)
    record = lab.find("one")
    (background,) = Backgrounds(lab).look(lab.snapshot(), [record.id]).values()
    assert [finding.kind for finding in background.findings] == ["spike"]
