"""Rows as others write them: runs are told apart, columns understood, and nothing is silently wrong."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.runfiles.metrics import Record
from moetui.core.errors import UsageError
from moetui.core.exchange.foreign import Choices, ForeignRun
from moetui.core.exchange.importing import import_runs
from moetui.core.exchange.reading import read_all
from moetui.core.runs.lab import Lab

Writer = Callable[[Path, list[Record]], Path]


def read(path: Path, text: str, **choices: str) -> list[ForeignRun]:
    path.write_text(text)
    return read_all([path], Choices(**choices)).runs


def refused(path: Path, text: str, **choices: str) -> str:
    with pytest.raises(UsageError) as caught:
        read(path, text, **choices)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def values(run: ForeignRun, key: str) -> list[tuple[int, float]]:
    return [(record["update"], record[key]) for record in run.records if key in record]


@pytest.mark.parametrize("column", ["Run", "run_id", "NAME", "trial", "Run ID", "trial_id", "Run Name", "experiment"])
def test_a_column_of_runs_tells_them_apart_whatever_its_case(tmp_path: Path, column: str) -> None:
    text = f"{column},lr,step,val/loss\na,0.01,10,5\na,0.01,20,4\nb,0.3,10,7\nb,0.3,5,8\n"
    first, second = read(tmp_path / "x.csv", text)
    assert (first.name, second.name) == ("a", "b")
    assert (values(first, "val_loss"), values(second, "lr")[0][1]) == ([(10, 5), (20, 4)], 0.3)


@pytest.mark.parametrize("names", [("007", "7"), ("1e999", "2e999"), ("1", "1.0"), ("true", "True"), ("-", "NA")])
def test_runs_that_are_called_like_numbers_stay_apart(tmp_path: Path, names: tuple[str, str]) -> None:
    lines = [f"{name},{step},{loss}\n" for loss, name in enumerate(names) for step in (1, 2)]
    assert tuple(run.name for run in read(tmp_path / "x.csv", "run,step,loss\n" + "".join(lines))) == names
    objects = [{"run": name, "step": step, "loss": 5} for name in names for step in (1, 2)]
    text = "".join(json.dumps(one) + "\n" for one in objects)
    assert tuple(run.name for run in read(tmp_path / "x.jsonl", text)) == names


def test_a_row_without_a_run_among_others_is_a_fault(tmp_path: Path) -> None:
    assert "line 3: has nothing in the column run" in refused(tmp_path / "x.csv", "run,step,loss\na,1,5\n,2,5\nb,1,4\n")


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("config,step,loss\nbig,1,5\nbig,2,4\nsmall,1,6\nsmall,2,5\n", "config"),
        ("seed,step,loss\n1,1,5\n1,2,4\n2,1,6\n2,2,5\n", "seed"),
        ("lr,step,loss\n0.1,100,5\n0.2,100,4\n", "lr"),
        ("Optimizer,step,loss\nadam,1,5\nmuon,1,4\nadam,2,3\nmuon,2,2\n", "Optimizer"),
    ],
)
def test_rows_of_several_runs_are_never_one(tmp_path: Path, text: str, column: str) -> None:
    assert f"the column {column} seems to tell runs apart: --run {column!r}" in refused(tmp_path / "x.csv", text)
    assert len(read(tmp_path / "x.csv", text, run=column)) == 2


def test_the_chart_of_a_resumed_run_with_another_rate_is_one_run(tmp_path: Path) -> None:
    (run,) = read(tmp_path / "x.csv", "step,lr,loss\n10,0.1,5\n20,0.1,9\n20,0.05,4\n30,0.05,3\n")
    assert values(run, "train_loss") == [(10, 5), (20, 4), (30, 3)]


ROWS: list[Record] = [
    {"step": update, "train_loss": loss, "val_loss": loss + 0.1}
    for update, loss in ((10, 5.0), (20, 4.0), (30, 9.0), (40, 9.5), (20, 4.1), (30, 3.5))
]


def as_jsonl(folder: Path, rows: list[Record]) -> Path:
    path = folder / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def as_csv(folder: Path, rows: list[Record]) -> Path:
    path = folder / "a.csv"
    path.write_text("step,train_loss,val_loss\n" + "".join(f"{','.join(map(str, row.values()))}\n" for row in rows))
    return path


def as_metrics_json(folder: Path, rows: list[Record]) -> Path:
    path = folder / "a.json"
    path.write_text(
        json.dumps({"history": {"steps": [r["step"] for r in rows], "val_losses": [r["val_loss"] for r in rows]}})
    )
    return path


def as_state(folder: Path, rows: list[Record]) -> Path:
    path = folder / "trainer_state.json"
    log = [{"step": row["step"], "loss": row["train_loss"], "eval_loss": row["val_loss"]} for row in rows]
    path.write_text(json.dumps({"log_history": log}))
    return path


def as_events(folder: Path, rows: list[Record]) -> Path:
    from torch.utils.tensorboard import SummaryWriter

    for part in (rows[:4], rows[4:]):  # a resumed trainer opens another file
        with SummaryWriter(folder / "log") as writer:
            for row in part:
                writer.add_scalar("train/loss", row["train_loss"], row["step"])
                writer.add_scalar("val/loss", row["val_loss"], row["step"])
    return folder / "log"


def as_nanogpt(folder: Path, rows: list[Record]) -> Path:
    path = folder / "out.log"
    path.write_text(
        "".join(f"step {r['step']}: train loss {r['train_loss']}, val loss {r['val_loss']}\n" for r in rows)
    )
    return path


@pytest.mark.parametrize("write", [as_jsonl, as_csv, as_metrics_json, as_state, as_events, as_nanogpt])
def test_steps_that_fall_back_begin_a_session_in_every_format(lab: Lab, tmp_path: Path, write: Writer) -> None:
    (found,) = read_all([write(tmp_path, ROWS)]).runs
    assert any("resumed at 20" in note for note in found.notes)
    (run,) = import_runs(lab, [found]).new
    assert run.final is not None
    assert run.best is not None
    assert (run.update, run.final.update, run.best.update) == (30, 30, 30)
    assert [run.final.val_loss, run.best.val_loss] == pytest.approx([3.6, 3.6])


def test_repeated_steps_take_the_last_and_late_curves_are_no_session(tmp_path: Path) -> None:
    lines = [
        {"step": 10, "loss": 5},
        {"step": 10, "loss": 5},
        {"step": 20, "loss": 4},
        {"step": 10, "eval_loss": 6},  # a slow evaluation
        {"step": 30, "loss": 3},
        {"step": 20, "eval_loss": 5},
    ]
    (run,) = read(tmp_path / "x.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    assert {record["session"] for record in run.records} == {1}
    assert values(run, "train_loss") == [(10, 5), (20, 4), (30, 3)]
    assert values(run, "val_loss") == [(10, 6), (20, 5)]


def test_rows_in_no_order_are_sorted(tmp_path: Path) -> None:
    (run,) = read(tmp_path / "x.csv", "step,loss\n40,1\n30,2\n20,3\n10,4\n")
    assert values(run, "train_loss") == [(10, 4), (20, 3), (30, 2), (40, 1)]
    assert "its rows are in no order and were sorted by update" in run.notes


@pytest.mark.parametrize(
    ("column", "key"),
    [
        ("train/loss", "train_loss"),
        ("training loss", "train_loss"),
        ("Loss/train", "train_loss"),
        ("train/learning_rate", "lr"),
        ("train/grad_norm", "grad_norm"),
        ("train_loss_step", "train_loss"),
        ("eval/loss", "val_loss"),
        ("valid.loss", "val_loss"),
        ("validation-loss", "val_loss"),
        ("Eval/Accuracy", "val_accuracy"),
        ("val_acc", "val_accuracy"),
        ("validation/perplexity", "val_perplexity"),
        ("eval_ppl", "val_perplexity"),
        ("num_input_tokens_seen", "tokens"),
        ("eval/samples", "eval/samples"),
        ("test/loss", "test/loss"),
    ],
)
def test_names_of_others_are_understood(tmp_path: Path, column: str, key: str) -> None:
    (run,) = read(tmp_path / "x.csv", f"step,{column},more\n1,1,1\n")
    assert (run.columns[column], run.records[0][key]) == (key, 1)


@pytest.mark.parametrize(
    "column", ["_step", "train/global_step", "global_step", "training_iteration", "trainer/global_step", "Step"]
)
def test_columns_of_updates_of_others(tmp_path: Path, column: str) -> None:
    (run,) = read(tmp_path / "x.csv", f"{column},loss\n7,5\n")
    assert run.records[0]["update"] == 7


def test_of_several_columns_of_updates_the_surest_is_taken_and_said(tmp_path: Path) -> None:
    (run,) = read(tmp_path / "x.csv", "_step,train/global_step,train/loss\n0,10,5\n1,20,4\n")
    assert values(run, "train_loss") == [(10, 5), (20, 4)]
    assert "left out: _step, as train/global_step is the update" in run.notes


def test_a_column_may_be_named_and_rows_counted(tmp_path: Path) -> None:
    text = "epoch,loss\n0,5\n1,4\n"
    assert "--x epoch takes that column" in refused(tmp_path / "x.csv", text)
    assert values(read(tmp_path / "x.csv", text, x="epoch")[0], "train_loss") == [(1, 5), (2, 4)]
    assert "--x row takes rows as updates" in refused(tmp_path / "y.csv", "loss\n5\n")
    assert values(read(tmp_path / "y.csv", "loss,a\n5,1\n4,1\n", x="row")[0], "train_loss") == [(1, 5), (2, 4)]
    assert "there are loss" in refused(tmp_path / "y.csv", "loss,a\n5,1\n", x="nothing")


@pytest.mark.parametrize("word", ["", "N/A", "NA", "n/a", "null", "None", "-", "--", "<NA>", "#N/A"])
def test_words_of_no_value_are_none(tmp_path: Path, word: str) -> None:
    (run,) = read(tmp_path / "x.csv", f"step,loss,val_loss\n1,5,{word}\n2,4,4.1\n")
    assert values(run, "val_loss") == [(2, 4.1)]
    (run,) = read(tmp_path / "x.jsonl", json.dumps({"step": 1, "loss": 5, "val_loss": word}) + "\n")
    assert values(run, "val_loss") == []


@pytest.mark.parametrize("index", ["", "Unnamed: 0"])
def test_a_column_without_a_name_is_left_out(tmp_path: Path, index: str) -> None:
    (run,) = read(tmp_path / "x.csv", f"{index},step,loss\n0,10,5\n1,20,4\n")
    assert values(run, "train_loss") == [(10, 5), (20, 4)]
    assert any(note.startswith("left out: ") for note in run.notes)


def test_a_header_in_the_middle_is_said_and_skipped(tmp_path: Path) -> None:
    (run,) = read(tmp_path / "x.csv", "step,loss\n10,5\n20,4\nstep,loss\n20,4\n30,3\n")
    assert values(run, "train_loss") == [(10, 5), (20, 4), (30, 3)]
    assert "line 4 is the header again" in run.notes


def test_nested_objects_are_flattened_and_nothing_is_no_run(tmp_path: Path) -> None:
    (run,) = read(tmp_path / "x.jsonl", '{"step": 1, "train": {"loss": 5.0}, "val": {"loss": 5.1, "top": {"k": 1}}}\n')
    assert run.records[0] == {"update": 1, "session": 1, "train_loss": 5.0, "val_loss": 5.1, "val/top/k": 1}
    assert "has no column of measurements" in refused(tmp_path / "x.jsonl", '{"step": 1, "words": "a"}\n')


def test_values_by_metric_and_rows_by_column(tmp_path: Path) -> None:
    (run,) = read(tmp_path / "x.csv", "step,tag,value\n1,train/loss,5\n1,val/loss,6\n2,train/loss,4\n")
    assert (values(run, "train_loss"), values(run, "val_loss")) == ([(1, 5), (2, 4)], [(1, 6)])


@pytest.mark.parametrize("text", ["step,loss,train_loss\n1,2,3\n", "step,lr,learning_rate,loss\n1,0.1,0.2,3\n"])
def test_columns_that_contradict_each_other_are_both_named(tmp_path: Path, text: str) -> None:
    fault = refused(tmp_path / "x.csv", text)
    assert all(name in fault for name in text.split("\n")[0].split(",")[1:3])


def test_columns_that_agree_are_one(tmp_path: Path) -> None:
    (run,) = read(tmp_path / "x.csv", "step,lr,learning_rate,loss\n1,0.1,0.1,3\n")
    assert values(run, "lr") == [(1, 0.1)]


def test_percent_is_of_all_runs_of_a_file_and_said(tmp_path: Path) -> None:
    low, high = read(tmp_path / "x.csv", "run,step,val_loss,val_accuracy\na,1,5,0.9\nb,1,4,25\n")
    assert [low.records[0]["val_accuracy"], high.records[0]["val_accuracy"]] == pytest.approx([0.009, 0.25])
    assert "val_accuracy is above 1, so it is taken as percent" in low.notes
    (run,) = read(tmp_path / "x.csv", "step,val_loss,val_accuracy\n1,5,25%\n")
    assert values(run, "val_accuracy") == [(1, 0.25)]
    tree = {"history": {"val_losses": [5, 4], "val_accuracies": [15, 25]}, "final_metrics": {"val_accuracy": 25}}
    (run,) = read(tmp_path / "metrics.json", json.dumps(tree))
    assert (values(run, "val_accuracy"), run.final) == ([(1, 0.15), (2, 0.25)], {"val_accuracy": 0.25})


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("val_loss", "-1", "val_loss is -1 at update 2, less than 0"),
        ("val_perplexity", "0.5", "val_perplexity is 0.5 at update 2, less than 1"),
        ("val_accuracy", "2500", "val_accuracy is 2500 at update 2, more than 1"),
        ("val_accuracy", "-0.1", "val_accuracy is -0.1 at update 2, less than 0"),
    ],
)
def test_values_that_cannot_be_are_named(tmp_path: Path, column: str, value: str, said: str) -> None:
    (run,) = read(tmp_path / "x.csv", f"step,loss,{column}\n1,5,1\n2,4,{value}\n")
    assert f"implausible: {said}; kept as it is" in run.notes


START = datetime(2026, 11, 30, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "told",
    [
        lambda moment: str(moment.timestamp()),
        lambda moment: str(int(1000 * moment.timestamp())),
        lambda moment: moment.isoformat(),
        lambda moment: moment.strftime("%Y-%m-%d %H:%M:%S"),
        lambda moment: str((moment - START).total_seconds()),
    ],
)
def test_times_of_day_become_training_time(tmp_path: Path, told: Callable[[datetime], str]) -> None:
    rows = [f"{n},{5 - n},{told(START + timedelta(seconds=30 * n))}\n" for n in range(3)]
    (run,) = read(tmp_path / "x.csv", f"step,loss,time\n{''.join(rows)}")
    assert [seconds for _, seconds in values(run, "seconds")] == pytest.approx([0, 30, 60])


def test_a_time_that_is_none_is_a_fault(tmp_path: Path) -> None:
    assert "line 2, time: 'noon' is neither" in refused(tmp_path / "x.csv", "step,loss,time\n1,5,noon\n")


def test_a_decimal_comma_needs_semicolons(tmp_path: Path) -> None:
    (run,) = read(tmp_path / "x.csv", "step;loss\n1;4,5\n")
    assert values(run, "train_loss") == [(1, 4.5)]


def test_a_table_from_a_spreadsheet_in_utf_16(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes("step\tloss\r\n1\t5\r\n".encode("utf-16"))
    assert values(read_all([tmp_path / "x.csv"]).runs[0], "train_loss") == [(1, 5)]


def test_a_directory_passes_over_what_is_no_run_and_names_it(tmp_path: Path) -> None:
    history = {"history": {"steps": [1, 2], "val_losses": [5, 4]}}
    for name, tree in (("good", history), ("other", {"metrics": {"val_loss": 5}}), ("worse", [])):
        (tmp_path / name).mkdir()
        (tmp_path / name / "metrics.json").write_text(json.dumps(tree))
    reading = read_all([tmp_path])
    assert [run.name for run in reading.runs] == ["good"]
    assert len(reading.passed_over) == 2
    assert str(tmp_path / "other" / "metrics.json") in reading.passed_over[0]
    with pytest.raises(UsageError, match=r"other/metrics\.json"):
        read_all([tmp_path], strict=True)
    with pytest.raises(UsageError, match=r"holds no run: .*other/metrics\.json"):
        read_all([tmp_path / "other"])


def test_of_the_states_beside_checkpoints_the_last_is_read(tmp_path: Path) -> None:
    for step in (10, 20, 100):
        folder = tmp_path / "out" / f"checkpoint-{step}"
        folder.mkdir(parents=True)
        (folder / "trainer_state.json").write_text(json.dumps({"log_history": [{"step": step, "loss": 5.0}]}))
    reading = read_all([tmp_path])
    assert [(run.name, run.records[-1]["update"]) for run in reading.runs] == [("out", 100)]
    assert len(reading.passed_over) == 2


def test_a_file_that_a_relative_path_names_is_called_like_its_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "my-run"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "metrics.json").write_text('{"history": {"val_losses": [5]}}')
    assert read_all([Path("metrics.json")]).runs[0].name == "my-run"


def test_add_scalars_and_sides_are_series_of_one_run(tmp_path: Path) -> None:
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(tmp_path / "one") as writer:
        for step in (1, 2):
            writer.add_scalars("Loss", {"train": 5 - step, "val": 6 - step}, step)
            writer.add_scalar("lr", 0.1, step)
    for side in ("train", "validation"):
        with SummaryWriter(tmp_path / "keras" / side) as writer:
            writer.add_scalar("epoch_loss", 4.0, 1)
    with SummaryWriter(tmp_path / "one" / "another") as writer:
        writer.add_scalar("Loss", 9.0, 1)
    runs = {run.name: run for run in read_all([tmp_path]).runs}
    assert set(runs) == {"one", "keras", "one/another"}
    assert (values(runs["one"], "train_loss"), values(runs["one"], "val_loss")) == ([(1, 4), (2, 3)], [(1, 5), (2, 4)])
    assert len(values(runs["one"], "lr")) == 2
    assert (values(runs["keras"], "train_loss"), values(runs["keras"], "val_loss")) == ([(1, 4)], [(1, 4)])


def test_columns_that_repeat_the_configuration_are_settings_and_others_of_that_name_curves(tmp_path: Path) -> None:
    text = "trial_id,step,loss,config/lr,config/seed,params/norm,config.note\na,1,5,0.01,7,1,x\na,2,4,0.01,7,2,x\nb,1,5,0.3,7,1,x\n"
    first, second = read(tmp_path / "x.csv", text)
    assert (first.settings, second.settings["optimizer.lr"]) == ({"optimizer.lr": 0.01, "seed": 7}, 0.3)
    assert values(first, "params/norm") == [(1, 1), (2, 2)]
    assert first.facts["note"] == "x"
    mixed = "step,loss,config/lr\n1,5,0.01\n2,4,0.01\n1,5,0.3\n2,4,0.3\n"
    assert "--run 'config/lr'" in refused(tmp_path / "y.csv", mixed)
    assert [run.name for run in read(tmp_path / "y.csv", mixed, run="config/lr")] == ["0.01", "0.3"]
