"""What is exported and imported again has the same curves; what others write and read is theirs, not ours."""

import csv
import json
import math
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.runfiles.metrics import MetricsReader, MetricsWriter, Record
from moetui.core.catalogue.records import RunRecord
from moetui.core.exchange.exporting import export
from moetui.core.exchange.importing import import_runs
from moetui.core.exchange.reading import read_all
from moetui.core.maintenance.reindex import reindex
from moetui.core.planning.plan import group_of
from moetui.core.runs.detail import Detail, detail
from moetui.core.runs.lab import Lab
from tests.tui.lab_on_disk import end_run, write_run

EXTRA: Record = {
    "update": 60,
    "tokens": 60 * 12288,
    "seconds": 30.25,
    "session": 2,
    "val_loss": math.inf,
    "train_loss": math.nan,
    "clipped": True,
    "expert_load": [[0.25, 0.75], [0.5, 0.5]],
}


@pytest.fixture
def runs(lab: Lab) -> list[Detail]:
    """Two finished runs; the first has gone on for a second session with numbers that are none."""
    records = [end_run(lab, write_run(lab, run_id, updates=50, name=f"a/{run_id} é")) for run_id in ("one", "two")]
    with MetricsWriter(lab.run_dir(records[0]).metrics_file) as metrics:
        metrics.write(EXTRA)
    return [detail(lab, record) for record in records]


def brought_back(lab: Lab, path: Path) -> list[RunRecord]:
    return sorted(import_runs(lab, read_all([path]).runs).new, key=lambda run: run.name)


def curves(records: tuple[Record, ...] | list[Record], *keys: str) -> dict[str, list[tuple[int, Any]]]:
    """The points of each key as text, in which NaN equals itself."""
    return {key: [(row["update"], repr(row[key])) for row in records if key in row] for key in keys}


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("one_file", [True, False])
def test_a_table_brings_every_record_back(
    lab: Lab, runs: list[Detail], tmp_path: Path, suffix: str, one_file: bool
) -> None:
    to = tmp_path / (f"all.{suffix}" if one_file else "folder")
    written = export(runs, to, suffix)
    assert len(written) == (1 if one_file else 2)
    back = sorted(import_runs(lab, read_all(written).runs).new, key=lambda run: run.name)
    assert [run.name for run in back] == [found.record.name for found in runs]
    for run, found in zip(back, runs, strict=True):
        assert as_text(_read(lab, run)) == as_text(found.records)


def _read(lab: Lab, run: RunRecord) -> list[Record]:
    return MetricsReader(lab.run_dir(run).metrics_file).read()


def as_text(records: Iterable[Record]) -> list[list[tuple[str, str]]]:
    """Records whose keys may come in any order and in which NaN equals itself."""
    return [sorted((key, repr(value)) for key, value in record.items()) for record in records]


numbers = st.floats(allow_nan=True, allow_infinity=True, width=64)
losses = st.fixed_dictionaries({}, optional={"train_loss": numbers, "val_loss": numbers, "router_entropy": numbers})


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.tuples(st.integers(0, 50), st.lists(losses, min_size=1, max_size=6)), min_size=1, max_size=3))
@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_whatever_was_measured_comes_back(
    lab: Lab, runs: list[Detail], tmp_path: Path, suffix: str, parts: list[tuple[int, list[Record]]]
) -> None:
    records: list[Record] = [
        {"update": begin + at, "session": session, "lr": 0.1} | values
        for session, (begin, own) in enumerate(parts, start=1)
        for at, values in enumerate(own)
    ]
    (path,) = export([replace(runs[0], records=tuple(records))], tmp_path / f"x.{suffix}", suffix, force=True)
    (back,) = read_all([path]).runs
    assert as_text(back.records) == as_text(records)


def test_metrics_json_brings_evaluations_and_the_whole_configuration_back(
    lab: Lab, runs: list[Detail], tmp_path: Path
) -> None:
    export(runs, tmp_path / "tree", "metrics-json")
    back = brought_back(lab, tmp_path / "tree")
    for run, found in zip(back, runs, strict=True):
        keys = ("val_loss", "val_accuracy", "lr")
        evaluations = [record for record in found.records if "val_loss" in record]
        assert curves(_read(lab, run), *keys) == curves(evaluations, *keys)
        assert (run.lr, run.parameters, run.seed) == (found.record.lr, found.record.parameters, 1)
        config = detail(lab, run).config
        assert config is not None
        assert config == found.config
        assert run.group == group_of(config)


def test_tensorboard_brings_every_curve_back_to_seven_digits(lab: Lab, runs: list[Detail], tmp_path: Path) -> None:
    export(runs, tmp_path / "logs", "tensorboard")
    back = brought_back(lab, tmp_path / "logs")
    assert len(back) == 2
    for run, found in zip(back, runs, strict=True):
        for ours, theirs in zip(_read(lab, run), found.records, strict=True):
            assert ours.keys() == theirs.keys()
            for key in theirs.keys() - {"expert_load", "session"}:
                assert ours[key] == pytest.approx(theirs[key], rel=1e-6, nan_ok=True)
    assert _read(lab, back[0])[-1]["expert_load"] == EXTRA["expert_load"]


def test_tensorboards_own_reader_reads_the_log(runs: list[Detail], tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (folder, _) = export(runs, tmp_path / "logs", "tensorboard")
    log = EventAccumulator(str(folder))
    log.Reload()
    events = log.Scalars("val_loss")
    expected = curves(runs[0].records, "val_loss")["val_loss"]
    assert [event.step for event in events] == [update for update, _ in expected]
    assert [event.value for event in events] == pytest.approx([float(value) for _, value in expected], rel=1e-6)


def test_a_log_that_torch_has_written_is_imported(lab: Lab, tmp_path: Path) -> None:
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(tmp_path / "theirs") as writer:
        for step in range(1, 6):
            writer.add_scalar("Loss/train", 5.0 / step, step)
            writer.add_scalar("eval/loss", 6.0 / step, step)
        writer.add_text("remark", "a text is no curve")
    (run,) = brought_back(lab, tmp_path / "theirs")
    assert (run.name, run.updates, run.backend) == ("theirs", 5, "imported")
    assert curves(_read(lab, run), "train_loss")["train_loss"][0] == (1, "5.0")
    assert run.final is not None
    assert run.final.val_loss == pytest.approx(1.2)


def test_the_experiment_log_has_the_record_of_the_document(runs: list[Detail], tmp_path: Path) -> None:
    export(runs, tmp_path / "log.json", "experiment-log")
    first, second = json.loads((tmp_path / "log.json").read_text())
    assert second == {
        "name": "a/two é",
        "config": {"muon_lr": 0.01, "adamw_lr": 0.001, "warmup_ratio": 0.05, "min_lr_ratio": 0.1},
        "results": {
            "final_accuracy": 0.09,
            "final_loss": pytest.approx(8.0 / 50**0.1 + 0.1),
            "training_time": 50.0,
            "stability": "stable",
        },
        "notes": "",
    }
    assert first["results"]["stability"] == "diverged"  # its second session had a loss that is no number


def test_a_csv_is_a_table_for_everyone(runs: list[Detail], tmp_path: Path) -> None:
    export(runs[:1], tmp_path / "x.csv", "csv")
    with (tmp_path / "x.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0] | {"run": "one", "update": "1", "val_loss": ""} == rows[0]
    assert (rows[-1]["val_loss"], rows[-1]["train_loss"], rows[-1]["expert_load/0/1"]) == ("inf", "nan", "0.75")


def test_reindex_rebuilds_the_records_of_imports(lab: Lab, runs: list[Detail], tmp_path: Path) -> None:
    export(runs, tmp_path / "all.csv", "csv")
    export(runs, tmp_path / "tree", "metrics-json")
    import_runs(lab, read_all([tmp_path / "all.csv", tmp_path / "tree"]).runs, tags=["mine"], group="same")
    before = {record.id: record for record in lab.records() if record.path}
    assert sum(record.backend == "imported" and record.tags == ("imported", "mine") for record in before.values()) == 4
    lab.workspace.runs_json.write_text("{")
    reindex(lab)
    assert {record.id: record for record in lab.records() if record.path} == before
