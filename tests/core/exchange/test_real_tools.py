"""Files that the tools themselves write here and now. A tool that is not installed is skipped."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from moetui.core.exchange.foreign import Choices, ForeignRun
from moetui.core.exchange.reading import read_all

pytestmark = pytest.mark.long

LIGHTNING = """
import lightning, torch
from lightning.pytorch.loggers import CSVLogger

class Model(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)
    def training_step(self, batch, _):
        loss = self.layer(batch).square().mean()
        self.log("train_loss", loss, on_step=True, on_epoch=True)
        return loss
    def validation_step(self, batch, _):
        self.log("val_loss", self.layer(batch).square().mean())
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)

data = torch.utils.data.DataLoader(torch.randn(64, 4), batch_size=8)
quiet = dict(enable_progress_bar=False, enable_model_summary=False, enable_checkpointing=False, accelerator="cpu")
trainer = lightning.Trainer(max_epochs=2, logger=CSVLogger("."), log_every_n_steps=4, **quiet)
trainer.fit(Model(), data, data)
"""

WANDB = """
import wandb
run = wandb.init(project="p", name="real", config={"learning_rate": 0.01, "seed": 3}, mode="offline")
for step in range(1, 6):
    run.log({"train/loss": 5.0 / step, "val/loss": 6.0 / step, "train/global_step": 10 * step})
run.finish()
"""

MLRUNS = """
import mlflow
mlflow.set_tracking_uri("file:mlruns")
with mlflow.start_run(run_name="real"):
    mlflow.log_param("learning_rate", 0.01)
    for step in range(1, 6):
        mlflow.log_metric("train/loss", 5.0 / step, step=10 * step)
        mlflow.log_metric("val_loss", 6.0 / step, step=10 * step)
"""

MLFLOW = MLRUNS.replace('mlflow.set_tracking_uri("file:mlruns")', "")  # its own place, which is mlflow.db

TRACKIO = """
import trackio
trackio.init(project="p", name="real", config={"learning_rate": 0.01})
for step in range(1, 6):
    trackio.log({"train/loss": 5.0 / step, "val_loss": 6.0 / step}, step=10 * step)
trackio.finish()
"""

TENSORBOARDX = """
from tensorboardX import SummaryWriter
with SummaryWriter("real") as writer:
    for step in range(1, 6):
        writer.add_scalar("train/loss", 5.0 / step, 10 * step)
        writer.add_scalar("val/loss", 6.0 / step, 10 * step)
"""

TRAINER = """
import contextlib, torch, transformers
class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)
    def forward(self, x, labels=None):
        return {"loss": self.layer(x).square().mean()}
rows = [{"x": torch.randn(4), "labels": torch.zeros(1)} for _ in range(40)]
plan = transformers.TrainingArguments(
    "real", max_steps=10, logging_steps=2, eval_steps=2, eval_strategy="steps", save_steps=5, report_to=[], use_cpu=True,
    per_device_train_batch_size=4, prediction_loss_only=True, disable_tqdm=True,
)
with open("console.log", "w") as console, contextlib.redirect_stdout(console):
    transformers.Trainer(Model(), plan, train_dataset=rows, eval_dataset=rows).train()
"""

KERAS = """
import os
os.environ["KERAS_BACKEND"] = "torch"
import keras, numpy
model = keras.Sequential([keras.layers.Dense(1)])
model.compile(optimizer="sgd", loss="mse")
x, y = numpy.ones((32, 4)), numpy.zeros((32, 1))
model.fit(x, y, validation_data=(x, y), epochs=3, verbose=0, callbacks=[keras.callbacks.CSVLogger("real.csv")])
"""

RAY = """
import os
from ray.tune.logger.csv import CSVLoggerCallback
from ray.tune.logger.json import JsonLoggerCallback

class Trial:  # a cluster of one trial would be started for more
    trial_id, local_path, config, evaluated_params, checkpoint = "real", "real", {"lr": 0.01}, {}, None
    def init_local_path(self):
        os.makedirs("real", exist_ok=True)

trial = Trial()
for logger in (CSVLoggerCallback(), JsonLoggerCallback()):
    logger.log_trial_start(trial)
    for step in range(1, 6):
        result = {"train/loss": 5.0 / step, "val_loss": 6.0 / step, "training_iteration": 10 * step, "trial_id": "real"}
        logger.log_trial_result(step, trial, result | {"config": trial.config, "timestamp": 1796006953 + step, "done": step == 5})
    logger.log_trial_end(trial)
"""

PANDAS = """
import pandas
steps = range(1, 6)
table = pandas.DataFrame({"step": [10 * step for step in steps], "train/loss": [5.0 / step for step in steps]})
table["val_loss"] = [6.0 / step for step in steps]
table.to_csv("csv-real.csv")
table.to_json("json-real.json")
table.to_json("jsonl-real.jsonl", orient="records", lines=True)
table.to_parquet("parquet-real.parquet")
"""

DOWNLOAD = """
import time, urllib.error, urllib.request
from pathlib import Path
from tensorboard import program
from torch.utils.tensorboard import SummaryWriter
with SummaryWriter("logs/real") as writer:
    for step in range(1, 6):
        writer.add_scalar("val_loss", 6.0 / step, 10 * step)
server = program.TensorBoard()
server.configure(argv=[None, "--logdir", "logs", "--port", "0", "--load_fast", "false"])
curve = server.launch() + "data/plugin/scalars/scalars?tag=val_loss&run=real&format=csv"
for _ in range(600):
    try:
        Path("run-real-tag-val_loss.csv").write_bytes(urllib.request.urlopen(curve).read())
        break
    except urllib.error.HTTPError:  # it is still reading
        time.sleep(0.1)
"""


def runs_of(tool: str, script: str, folder: Path, found: str, choices: Choices | None = None) -> list[ForeignRun]:
    """The runs in what a script of the tool leaves in a directory."""
    if find_spec(tool) is None:
        pytest.skip(f"{tool} is not installed")
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "PYTHONPATH": ":".join(sys.path),
            "TRACKIO_DIR": str(folder / "trackio"),
            "MLFLOW_ALLOW_FILE_STORE": "true",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "WANDB_SILENT": "true",
            "OMP_NUM_THREADS": "1",
        },
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return read_all([folder / found], choices or Choices()).runs


@pytest.mark.parametrize(
    ("tool", "script", "found"),
    [
        ("wandb", WANDB, "wandb"),
        ("mlflow", MLFLOW, "mlflow.db"),
        ("mlflow", MLRUNS, "mlruns"),
        ("trackio", TRACKIO, "trackio/p.db"),
        ("tensorboardX", TENSORBOARDX, "real"),
        ("ray", RAY, "real/progress.csv"),
        ("ray", RAY, "real/result.json"),
        ("pandas", PANDAS, "csv-real.csv"),
        ("pandas", PANDAS, "json-real.json"),
        ("pandas", PANDAS, "jsonl-real.jsonl"),
        ("pandas", PANDAS, "parquet-real.parquet"),
    ],
)
def test_the_curves_that_were_logged_are_read(tmp_path: Path, tool: str, script: str, found: str) -> None:
    (run,) = runs_of(tool, script, tmp_path, found)
    assert run.name.removeprefix(f"{Path(found).suffix[1:]}-") == "real"
    assert [record["update"] for record in run.records] == [10, 20, 30, 40, 50]
    assert [record["train_loss"] for record in run.records] == pytest.approx([5 / step for step in range(1, 6)])
    assert [record["val_loss"] for record in run.records] == pytest.approx([6 / step for step in range(1, 6)])
    assert run.settings.get("optimizer.lr", 0.01) == 0.01


def test_the_metrics_of_lightning(tmp_path: Path) -> None:
    (run,) = runs_of("lightning", LIGHTNING, tmp_path, ".")
    assert [record["update"] for record in run.records] == [3, 7, 11, 15]
    assert all("train_loss" in record for record in run.records)
    assert ["val_loss" in record for record in run.records] == [False, True, False, True]


def test_the_states_of_a_trainer_and_what_it_prints(tmp_path: Path) -> None:
    if find_spec("accelerate") is None:
        pytest.skip("transformers' Trainer needs accelerate, which is not installed")
    (run,) = runs_of("transformers", TRAINER, tmp_path, "real")
    assert (run.name, run.updates) == ("real", 10)
    assert [record["update"] for record in run.records if "train_loss" in record] == [2, 4, 6, 8, 10]
    assert [record["update"] for record in run.records if "val_loss" in record] == [2, 4, 6, 8, 10]
    (found,) = read_all([tmp_path / "console.log"], Choices(x="row")).found
    (printed,) = found.runs
    assert found.format.name == "transformers-log"
    for key in ("train_loss", "val_loss"):
        told, kept = ([record[key] for record in one.records if key in record] for one in (printed, run))
        assert told == pytest.approx(kept, rel=1e-3)


def test_the_csv_of_keras(tmp_path: Path) -> None:
    (run,) = runs_of("keras", KERAS, tmp_path, "real.csv", Choices(x="epoch"))
    assert [record["update"] for record in run.records] == [1, 2, 3]
    assert all({"train_loss", "val_loss"} <= record.keys() for record in run.records)


def test_a_curve_that_tensorboard_lets_download(tmp_path: Path) -> None:
    (run,) = runs_of("tensorboard", DOWNLOAD, tmp_path, "run-real-tag-val_loss.csv")
    assert [record["update"] for record in run.records] == [10, 20, 30, 40, 50]
    assert [record["val_loss"] for record in run.records] == pytest.approx([6 / step for step in range(1, 6)])
