"""What the files of others may lack, and what in them is a fault: file, place and key, and nothing half imported."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.runfiles.metrics import MetricsReader, Record
from moetui.core.errors import LabError, NotFoundError, UsageError
from moetui.core.exchange.foreign import Choices
from moetui.core.exchange.importing import import_runs
from moetui.core.exchange.metrics_json import read_metrics_json
from moetui.core.exchange.reading import read_all
from moetui.core.exchange.tables import read_csv, read_jsonl
from moetui.core.runs.detail import detail
from moetui.core.runs.lab import Lab

EXPERIMENT: dict[str, Any] = {
    "experiment_config": {
        "name": "exp",
        "max_steps": 40,
        "lr_schedule_type": "cosine",
        "load_balancing_weight": 0.01,
        "num_experts": 8,
        "batch_size": "many",
        "description": "words",
    },
    "total_time_minutes": 0.5,
    "history": {
        "steps": [10, 20, 30],
        "val_losses": [7.0, 6.0, 6.5],
        "val_accuracies": [0.1, 0.2, 0.15],
        "val_perplexities": [1096.6, 403.4, 665.1],
        "elapsed_times": [0.1, 0.2, 0.3],
        "learning_rates": [0.01, 0.008, 0.001],
    },
}


def written(path: Path, tree: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(tree))
    return path


def with_history(**columns: object) -> dict[str, Any]:
    history = {key: value for key, value in (EXPERIMENT["history"] | columns).items() if value is not None}
    return EXPERIMENT | {"history": history}


def test_a_whole_file_becomes_a_finished_run_that_claims_no_more_than_the_file(lab: Lab, tmp_path: Path) -> None:
    (run,) = import_runs(lab, read_all([written(tmp_path / "x" / "metrics.json", EXPERIMENT)]).runs).new
    assert (run.name, run.status, run.backend, run.tags) == ("exp", "finished", "imported", ("imported",))
    assert (run.update, run.updates, run.lr, run.seed, run.parameters) == (30, 40, 0.01, None, None)
    assert run.final is not None
    assert run.best is not None
    assert (run.final.val_loss, run.final.seconds, run.best.val_loss, run.best.update) == (6.5, 30.0, 6.0, 20)
    found = detail(lab, run)
    assert found.config is None
    assert found.known == {"schedule.kind": "cosine", "model.balance_weight": 0.01, "model.n_experts": 8}
    assert found.provenance["batch_size"] == "many"  # no number of sequences, so only a fact
    assert found.records[0]["seconds"] == 6.0


def test_the_final_scores_of_the_file_have_more_digits_than_its_curve(lab: Lab, tmp_path: Path) -> None:
    tree = EXPERIMENT | {"final_metrics": {"val_loss": 6.50012, "val_accuracy": 0.15003}}
    (run,) = import_runs(lab, read_all([written(tmp_path / "m.json", tree)]).runs).new
    assert run.final is not None
    assert (run.final.val_loss, run.final.val_accuracy, run.final.val_perplexity) == (6.50012, 0.15003, 665.1)
    assert (run.final.update, run.best.val_loss if run.best else None) == (30, 6.0)


def test_history_alone_is_enough(tmp_path: Path) -> None:
    run = read_metrics_json(written(tmp_path / "metrics.json", {"history": {"val_losses": [3.0, 2.0]}}), Choices())
    assert [(record["update"], record["val_loss"]) for record in run.records] == [(1, 3.0), (2, 2.0)]
    assert run.name == tmp_path.name
    assert "no steps, so evaluations count as 1, 2, …" in run.notes


def test_unequal_lengths_and_numbers_that_are_none_are_taken_and_said(lab: Lab, tmp_path: Path) -> None:
    tree = with_history(val_losses=[7.0, math.nan], learning_rates=[None, 0.01, 0.01, 0.01], val_accuracies=None)
    (run,) = import_runs(lab, read_all([written(tmp_path / "m.json", tree)]).runs).new
    first, second, third = MetricsReader(lab.run_dir(run).metrics_file).read()
    assert math.isnan(second["val_loss"])
    assert "lr" not in first
    assert third["lr"] == 0.01
    assert "val_loss" not in third
    assert {"no val_accuracies", "val_losses has 2 values for 3 steps"} <= set(
        detail(lab, run).provenance["notes"].split("; ")
    )
    assert (run.status, run.final) == ("diverged", None)
    assert run.best is not None
    assert run.best.val_accuracy is None


def test_unsorted_steps_end_with_the_last_of_them(lab: Lab, tmp_path: Path) -> None:
    (run,) = import_runs(lab, read_all([written(tmp_path / "m.json", with_history(steps=[30, 10, 20]))]).runs).new
    assert run.final is not None
    assert (run.update, run.final.update, run.final.val_loss) == (30, 30, 7.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "line 1, column 2"),
        ("[]", "history: the key is missing"),
        ('{"history": []}', "history: the key is missing or no object"),
        ('{"history": {}}', "history: holds no curve"),
        ('{"history": {"val_losses": 5}}', "history.val_losses: is no list"),
        ('{"history": {"val_losses": [1, "two"]}}', "history.val_losses[1]: 'two' is no number"),
        ('{"history": {"steps": [1.5], "val_losses": [1]}}', "history.steps[0]: 1.5 is no number of a step"),
        ('{"history": {"steps": [-1], "val_losses": [1]}}', "history.steps[0]"),
        ('{"history": {"val_losses": [1]}, "final_metrics": [1]}', "final_metrics: is no object"),
        ('{"history": {"val_losses": [1]}, "final_metrics": {"val_loss": "low"}}', "final_metrics.val_loss: 'low'"),
        ('{"history": {"val_losses": [1]}, "experiment_config": 3}', "experiment_config: is no object"),
        ('{"history": {"val_losses": [1]}, "total_time_minutes": "long"}', "total_time_minutes: 'long' is no number"),
        ("[" * 100_000, "is no readable JSON"),
    ],
)
def test_a_fault_is_one_line_with_file_and_key_and_nothing_is_imported(
    lab: Lab, tmp_path: Path, text: str, said: str
) -> None:
    written(tmp_path / "tree" / "a" / "metrics.json", EXPERIMENT)
    bad = tmp_path / "tree" / "b" / "metrics.json"
    bad.parent.mkdir()
    bad.write_text(text)
    with pytest.raises(UsageError) as caught:
        import_runs(lab, read_all([tmp_path / "tree"], strict=True).runs)
    assert str(bad) in str(caught.value)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not lab.workspace.runs.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no records"),
        ("val_loss\n3\n", "has no column update"),
        ("step,val_loss\n1,three\n", "line 2, val_loss: 'three' is no number"),
        ("step,val_loss\n1,3\nx,3\n", "line 3, step: 'x' is no number"),
        ("step,val_loss\n1,3\n,3\n", "line 3: has no update"),
        ("step,val_loss\n1,2,3\n", "line 2: has more cells than the header"),
        ("step,loss,train_loss\n1,2,3\n", "several columns for train_loss"),
        ("update,tokens,val_loss\n1,2.5,3\n", "line 2, tokens: '2.5' is no whole number"),
    ],
)
def test_a_fault_in_a_csv_is_named_with_its_line_and_column(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(UsageError, match=r"x\.csv") as caught:
        read_csv(tmp_path / "x.csv", Choices())
    assert said in str(caught.value)


def test_a_csv_of_others_is_understood(tmp_path: Path) -> None:
    text = "\ufeffStep;Loss/train;eval loss;remark\r\n1;5.5;;good\r\n2;nan;4,5\r\n".replace("4,5", "4.5")
    (tmp_path / "theirs.csv").write_bytes(text.encode())
    (run,) = read_csv(tmp_path / "theirs.csv", Choices())
    first, second = run.records
    assert first == {"update": 1, "session": 1, "train_loss": 5.5}
    assert math.isnan(second["train_loss"])
    assert second["val_loss"] == 4.5
    assert (run.name, run.notes) == ("theirs", ("left out: remark",))


def test_the_metrics_of_a_run_directory_are_a_table_too(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text('{"update": 1, "val_loss": "inf"}\n{"update": 2, "val_loss": NaN}\n')
    (run,) = read_jsonl(tmp_path / "metrics.jsonl", Choices())
    assert repr([record["val_loss"] for record in run.records]) == "[inf, nan]"


def test_what_is_neither_there_nor_readable_is_said(lab: Lab, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="nowhere"):
        read_all([tmp_path / "nowhere.csv"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"holds no run; in directories"):
        read_all([tmp_path / "empty"])
    (tmp_path / "x.docx").touch()
    with pytest.raises(UsageError, match="of no known format"):
        read_all([tmp_path / "x.docx"])
    (tmp_path / "x.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(UsageError, match="no readable Parquet"):
        read_all([tmp_path / "x.parquet"])


def test_the_same_run_is_not_imported_twice(lab: Lab, tmp_path: Path) -> None:
    path = written(tmp_path / "metrics.json", EXPERIMENT)
    (run,) = import_runs(lab, read_all([path, path]).runs).new
    again = import_runs(lab, read_all([path]).runs)
    assert (again.new, [record.id for record in again.known]) == ((), [run.id])


def test_a_catalogue_that_cannot_be_written_leaves_no_directory(lab: Lab, tmp_path: Path) -> None:
    runs = read_all([written(tmp_path / "metrics.json", EXPERIMENT)]).runs
    lab.workspace.runs_json.mkdir()
    with pytest.raises((LabError, OSError)):
        import_runs(lab, runs)
    assert not lab.workspace.runs.exists() or not list(lab.workspace.runs.iterdir())
    shutil.rmtree(lab.workspace.runs_json)


configs = [{"moetui": 1}, {"moetui": {"config": {"seed": "x"}}}, {"seed": True, "dropout": 2}, {"name": " "}]
scalars = [None, True, -1, 2.5, math.inf, 10**400, "", "cosine"]
json_values = st.sampled_from([*scalars, *configs, [], [[1]], {}, {"max_steps": math.nan}])
numbers = st.sampled_from([-1, 0, 1, 7, 99, 10**400, 0.5, math.nan, -math.inf, None, "nan", "x", True, [1]])
columns = st.lists(numbers, max_size=4) | json_values
trees = st.fixed_dictionaries(
    {"history": st.fixed_dictionaries({}, optional=dict.fromkeys(EXPERIMENT["history"], columns))},
    optional={"experiment_config": json_values, "total_time_minutes": json_values, "final_metrics": json_values},
)


@given(trees)
def test_a_file_of_any_content_is_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, tree: dict[str, Any]
) -> None:
    path = written(tmp_path_factory.getbasetemp() / "any" / "metrics.json", tree)
    try:
        run = read_metrics_json(path, Choices())
    except UsageError as error:
        fault = str(error)
        assert "\n" not in fault
        return
    assert run.id.startswith("imp-")
    records: list[Record] = list(run.records)
    assert all(isinstance(record["update"], int) for record in records)
