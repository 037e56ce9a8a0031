"""Runs that go out to trackers of experiments: read back by the packages of those, and by our own readers."""

import json
import math
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.runfiles.metrics import MetricsWriter, Record
from moetui.core.errors import UsageError
from moetui.core.exchange.exporting import export
from moetui.core.exchange.foreign import ForeignRun
from moetui.core.exchange.reading import read_all
from moetui.core.exchange.wandb_file import records_of
from moetui.core.runs.detail import Detail, detail
from moetui.core.runs.lab import Lab
from tests.core.exchange.samples import SAMPLES
from tests.core.exchange.test_round_trip import EXTRA, as_text
from tests.tui.lab_on_disk import end_run, write_run

_WITH_PACKAGE = [pytest.mark.slow, pytest.mark.skipif(find_spec("wandb") is None, reason="wandb is not installed")]
TRACKERS = ["trackio", pytest.param("wandb", marks=_WITH_PACKAGE)]
"""Those that keep sessions; trackio's file is written without its package."""


@pytest.fixture
def runs(lab: Lab) -> list[Detail]:
    """Two finished runs; the first has gone on for a second session with numbers that are none."""
    records = [end_run(lab, write_run(lab, run_id, updates=50, name=f"a/{run_id} é")) for run_id in ("one", "two")]
    with MetricsWriter(lab.run_dir(records[0]).metrics_file) as metrics:
        metrics.write(EXTRA | {"odd (name)": 0.5, "odd [name]": 0.25})
    return [detail(lab, record) for record in records]


def points(records: Iterable[Record]) -> dict[str, list[tuple[int, Any]]]:
    """The points of every curve, the last of those at one update; sessions are no curve, and NaN equals itself."""
    found: dict[str, dict[int, Any]] = {}
    for record in records:
        for key, value in record.items():
            if key not in ("update", "session"):
                found.setdefault(key, {})[record["update"]] = "nan" if value != value else value
    return {key: sorted(curve.items()) for key, curve in found.items()}


def renamed(curves: dict[str, Any]) -> dict[str, Any]:
    """As MLflow names them, which has no brackets."""
    return {
        key.replace("odd (name)", "odd _name_").replace("odd [name]", "odd _name__"): at for key, at in curves.items()
    }


@pytest.mark.parametrize("kind", TRACKERS)
def test_our_own_reader_gives_the_same_curves_and_settings(runs: list[Detail], tmp_path: Path, kind: str) -> None:
    export(runs, tmp_path / "out", kind)
    back = read_back(runs, tmp_path / "out" / "moetui.db" if kind == "trackio" else tmp_path / "out")
    for found in runs:
        run = back[found.record.name]
        assert points(run.records) == points(found.records)
        assert [(row["update"], row["session"]) for row in run.records] == [
            (row["update"], row["session"]) for row in found.records
        ]


def read_back(runs: list[Detail], path: Path) -> dict[str, ForeignRun]:
    """The runs of an export by name; all of them are there with their settings."""
    back = {run.name: run for run in read_all([path]).runs}
    assert back.keys() == {found.record.name for found in runs}
    for found in runs:
        run = back[found.record.name]
        assert run.settings["optimizer.lr"] == found.known["optimizer.lr"]
        assert run.settings["schedule.kind"] == found.known["schedule.kind"]
        assert run.settings["seed"] == 1
        assert run.facts["moetui"] == found.record.id
    return back


numbers = st.floats(allow_nan=True, allow_infinity=True, width=64)
losses = st.fixed_dictionaries(
    {"seconds": st.floats(0, 1e6)}, optional={"train_loss": numbers, "val_loss": numbers, "router entropy/1": numbers}
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.tuples(st.integers(0, 50), st.lists(losses, min_size=1, max_size=6)), min_size=1, max_size=3))
def test_whatever_was_measured_comes_back_from_trackio(
    runs: list[Detail], tmp_path: Path, parts: list[tuple[int, list[Record]]]
) -> None:
    records: list[Record] = [
        {"update": begin + at, "session": session, "lr": 0.1} | values
        for session, (begin, own) in enumerate(parts, start=1)
        for at, values in enumerate(own)
    ]
    (path,) = export([replace(runs[0], records=tuple(records))], tmp_path / "x.db", "trackio", force=True)
    (back,) = read_all([path]).runs
    assert as_text(back.records) == as_text(records)


def test_a_run_without_times_gets_none_from_its_export(runs: list[Detail], tmp_path: Path) -> None:
    records = tuple({"update": update, "session": 1, "val_loss": 5.0} for update in (1, 2))
    (path,) = export([replace(runs[0], records=records)], tmp_path, "trackio")
    assert list(read_all([path]).runs[0].records) == list(records)


def told_by(package: str, script: str, folder: Path) -> Any:
    """What a script with a tracker's own package prints as JSON."""
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "PYTHONPATH": ":".join(sys.path),
            "TRACKIO_DIR": str(folder),
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "OMP_NUM_THREADS": "1",
        },
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def expected_points(found: Detail, key: str) -> list[list[float]]:
    return [[record["update"], record[key]] for record in found.records if key in record]


@pytest.mark.slow
def test_trackio_reads_its_project(runs: list[Detail], tmp_path: Path) -> None:
    export(runs, tmp_path / "out", "trackio")
    script = """
import json, trackio
from trackio.sqlite_storage import SQLiteStorage
told = {}
for run in trackio.Api().runs("moetui"):
    rows = SQLiteStorage.get_logs("moetui", run.name, run_id=run.id)
    told[run.name] = [run.config["optimizer.lr"], [[row["step"], row["val_loss"]] for row in rows if "val_loss" in row]]
print(json.dumps(told))
"""
    told = told_by("trackio", script, tmp_path / "out")
    assert told.keys() == {"a/one é", "a/two é"}
    for found in runs:
        lr, curve = told[found.record.name]
        assert lr == found.known["optimizer.lr"]
        assert curve == expected_points(found, "val_loss")


@pytest.mark.long
def test_mlflow_reads_its_store_and_so_do_we(runs: list[Detail], tmp_path: Path) -> None:
    if find_spec("mlflow") is None:
        pytest.skip("mlflow is not installed")
    export(runs, tmp_path / "mlflow.db", "mlflow")
    script = """
import json
from mlflow import MlflowClient
client = MlflowClient("sqlite:///mlflow.db")
(experiment,) = client.search_experiments(filter_string="name = 'moetui'")
told = {}
for run in client.search_runs([experiment.experiment_id]):
    curve = client.get_metric_history(run.info.run_id, "train_loss")
    told[run.info.run_name] = [run.data.params["optimizer.lr"], run.info.status, [[one.step, one.value] for one in curve]]
print(json.dumps(told))
"""
    told = told_by("mlflow", script, tmp_path)
    assert told.keys() == {"a/one é", "a/two é"}
    for found in runs:
        lr, status, curve = told[found.record.name]
        assert (float(lr), status) == (found.known["optimizer.lr"], "FINISHED")
        assert sorted(map(repr, curve)) == sorted(map(repr, expected_points(found, "train_loss")))
    back = read_back(runs, tmp_path / "mlflow.db")
    for found in runs:
        assert points(back[found.record.name].records) == renamed(points(found.records))


@pytest.mark.slow
def test_the_records_of_wandb_parse_the_run_file(runs: list[Detail], tmp_path: Path) -> None:
    proto = pytest.importorskip("wandb.proto.wandb_internal_pb2")
    (folder, _) = export(runs, tmp_path / "out", "wandb")
    assert re.fullmatch(r"offline-run-\d{8}_\d{6}-one", folder.name)
    (path,) = folder.iterdir()
    assert path.name == "run-one.wandb"
    records = [proto.Record.FromString(raw) for raw in records_of(path.read_bytes(), [])]
    (about,) = [record.run for record in records if record.HasField("run")]
    assert (about.run_id, about.project, about.display_name, about.host) == ("one", "moetui", "a/one é", "")
    config = {one.key: json.loads(one.value_json) for one in about.config.update}
    assert config["optimizer.lr"] == runs[0].known["optimizer.lr"]
    rows = [
        {one.key or "/".join(one.nested_key): json.loads(one.value_json) for one in record.history.item}
        for record in records
        if record.HasField("history")
    ]
    assert [[row["update"], row["val_loss"]] for row in rows if "val_loss" in row] == expected_points(
        runs[0], "val_loss"
    )
    assert any(record.metric.glob_name == "*" and record.metric.step_metric == "update" for record in records)
    assert any(record.HasField("exit") for record in records)


@pytest.mark.parametrize("kind", TRACKERS)
def test_a_second_export_takes_the_place_of_the_first(runs: list[Detail], tmp_path: Path, kind: str) -> None:
    export(runs, tmp_path, kind)
    with pytest.raises(UsageError, match="is there already"):
        export(runs[:1], tmp_path, kind)
    before = {path.name for path in tmp_path.rglob("*")}
    export(runs, tmp_path, kind, force=True)
    assert {path.name for path in tmp_path.rglob("*")} == before


@pytest.mark.parametrize("kind", ["wandb", "mlflow"])
def test_a_package_that_is_missing_is_named(
    runs: list[Detail], tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, kind, None)
    with pytest.raises(UsageError, match="pip install"):
        export(runs, tmp_path / "out", kind)
    assert not (tmp_path / "out").exists()


def test_infinity_and_deleted_runs_of_a_store_of_mlflow(tmp_path: Path) -> None:
    path = SAMPLES["mlflow"].make(tmp_path)
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("INSERT INTO metrics SELECT 'x', 1.7976931348623157e308, 1, run_uuid, 40, 0 FROM runs")
        base.execute("INSERT INTO metrics SELECT 'x', 0, 2, run_uuid, 50, 1 FROM runs")
        base.execute("INSERT INTO runs VALUES ('gone', 'gone', 'FAILED', 1, 'deleted', 1)")
        base.execute("INSERT INTO metrics VALUES ('x', 1.0, 3, 'gone', 60, 0)")
    (run,) = read_all([path]).runs
    values = [record["x"] for record in run.records if "x" in record]
    assert values[0] == math.inf
    assert math.isnan(values[1])
    assert (run.name, run.settings["optimizer.lr"], run.facts["status"]) == ("ml-run", 0.01, "finished")
