"""The findings of runs on disk, as `moetui show` and `moetui health` tell them."""

import pytest

from engine.health.measured import Measured
from engine.runfiles.metrics import MetricsWriter, Record
from engine.runfiles.rundir import Finding
from engine.spec.config import resolve
from moetui.core.catalogue.records import RunRecord, Scores
from moetui.core.runs.detail import detail
from moetui.core.runs.health import findings, group_of_run, seed_noise
from moetui.core.runs.lab import Lab
from tests.engine.health.simulated import clean_run
from tests.tui.lab_on_disk import end_run, write_run


def finished(run_id: str, loss: float, group: str = "g") -> RunRecord:
    return RunRecord(id=run_id, name=run_id, status="finished", group=group, final=Scores(val_loss=loss))


def test_the_noise_of_the_seed_is_the_sd_of_the_finished_runs_of_the_group() -> None:
    losses = [5.1649, 5.1588, 5.1478, 5.1482, 5.1563]  # the five recorded replicates
    runs = [finished(str(place), loss) for place, loss in enumerate(losses)]
    others = [finished("other", 9.0, "h"), finished("broken", 9.0).model_copy(update={"status": "killed"})]
    noise, count = seed_noise(group_of_run(runs[0], [*runs, *others]))
    assert noise == pytest.approx(0.0072, abs=1e-4)
    assert count == 5


def test_one_run_tells_no_noise() -> None:
    assert seed_noise([finished("a", 5.0)]) == (None, 1)


def test_what_the_trainer_noted_stays_beside_what_the_measurements_show() -> None:
    records = clean_run(3, updates=200, every=10)
    for record in records[120:]:
        record["tokens_per_second"] *= 0.3
    noted = Finding(kind="no-last-checkpoint", update=7, severity="error", evidence="e", advice="a")
    found = findings(Measured(records), None, recorded=[noted])
    assert [finding.kind for finding in found] == ["no-last-checkpoint", "throughput"]


def test_a_live_run_is_examined_as_it_is_now(lab: Lab) -> None:
    record = end_run(lab, write_run(lab, "run1", updates=100), loss=lambda update: 8.0 / update**0.1)
    with MetricsWriter(lab.run_dir(record).metrics_file) as metrics:
        metrics.write({"update": 101, "session": 1, "train_loss": float("nan")})
    (found,) = detail(lab, record).findings
    assert (found.kind, found.update) == ("non-finite", 101)


@pytest.mark.parametrize(("gain", "kinds"), [(0.05, ["flat"]), (1e-9, [])])
def test_the_thresholds_are_those_of_the_configuration(gain: float, kinds: list[str]) -> None:
    config = resolve({"health": {"flat_gain": gain}, "training": {"updates": 40}})
    records: list[Record] = [{"update": update, "train_loss": 5.0 - 0.001 * update} for update in range(1, 41)]
    assert [finding.kind for finding in findings(Measured(records), config)] == kinds
