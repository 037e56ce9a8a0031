"""One small input of every format that is read, as the program of that format writes it, and what it is to give."""

import json
import sqlite3
import struct
import zlib
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from moetui.core.exchange.foreign import Choices

UPDATES: Final = (10, 20, 30)
TRAINING: Final = (5.0, 4.0, 3.0)
HELD_OUT: Final = (5.5, 4.5, 3.5)


@dataclass(frozen=True, slots=True)
class Sample:
    """How a file or directory of a format is made below a directory, and what the import is to give by run."""

    make: Callable[[Path], Path]
    expected: Mapping[str, Mapping[str, list[tuple[int, float]]]]
    choices: Choices = field(default_factory=Choices)


def points(values: tuple[float, ...], updates: tuple[int, ...] = UPDATES) -> list[tuple[int, float]]:
    return list(zip(updates, values, strict=True))


def both(updates: tuple[int, ...] = UPDATES) -> dict[str, list[tuple[int, float]]]:
    return {"train_loss": points(TRAINING, updates), "val_loss": points(HELD_OUT, updates)}


def _text(name: str, content: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return path

    return make


def _lines(head: str, line: Callable[[int, float, float], str]) -> str:
    rows = [line(*row) for row in zip(UPDATES, TRAINING, HELD_OUT, strict=True)]
    return head + "".join(f"{row}\n" for row in rows)


def _json(name: str, tree: Any) -> Callable[[Path], Path]:
    return _text(name, json.dumps(tree))


HISTORY: Final = {
    "experiment_config": {"name": "exp", "muon_lr": 0.01},
    "history": {"steps": list(UPDATES), "val_losses": list(HELD_OUT), "learning_rates": [0.01] * 3},
}

STATE: Final = {
    "best_metric": None,
    "epoch": 1.0,
    "eval_steps": 10,
    "global_step": 30,
    "is_world_process_zero": True,
    "log_history": [
        entry
        for update, training, held_out in zip(UPDATES, TRAINING, HELD_OUT, strict=True)
        for entry in (
            {"epoch": update / 30, "grad_norm": 1.0, "learning_rate": 1e-3, "loss": training, "step": update},
            {"epoch": update / 30, "eval_loss": held_out, "eval_runtime": 0.1, "step": update},
        )
    ]
    + [{"epoch": 1.0, "step": 30, "total_flos": 1e9, "train_loss": 4.0, "train_runtime": 9.0}],
    "max_steps": 40,
}


def _parquet(folder: Path) -> Path:
    table = {"run": ["a"] * 3, "step": UPDATES, "train/loss": TRAINING, "val/loss": HELD_OUT}
    pq.write_table(pa.table(table), folder / "x.parquet")
    return folder / "x.parquet"


def _events(folder: Path) -> Path:
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(folder / "theirs") as writer:
        for update, training, held_out in zip(UPDATES, TRAINING, HELD_OUT, strict=True):
            writer.add_scalar("train/loss", training, update)
            writer.add_scalar("eval/loss", held_out, update)
    return folder / "theirs"


def _mlruns(folder: Path) -> Path:
    """As mlflow/store/tracking/file_store.py writes it."""
    run = folder / "mlruns" / "0" / "3a2c9ffe7f9049bcaeebea89dfea0472"
    (run / "metrics" / "train").mkdir(parents=True)
    (run / "params").mkdir()
    (run / "meta.yaml").write_text("lifecycle_stage: active\nrun_id: 3a2c9ffe\nrun_name: ml-run\nstatus: 3\n")
    (run / "params" / "learning_rate").write_text("0.01")
    for name, values in (("train/loss", TRAINING), ("val_loss", HELD_OUT)):
        lines = [f"{1796006953055 + 10 * at} {value} {at}\n" for at, value in zip(UPDATES, values, strict=True)]
        (run / "metrics" / name).write_text("".join(lines))
    return folder / "mlruns"


def _mlflow_database(folder: Path) -> Path:
    """As mlflow/store/tracking/dbmodels/models.py makes its tables."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "mlflow.db"
    run = "3a2c9ffe7f9049bcaeebea89dfea0472"
    with closing(sqlite3.connect(path)) as base, base:
        base.execute(
            "CREATE TABLE runs (run_uuid VARCHAR(32) NOT NULL, name VARCHAR(250), status VARCHAR(9), start_time BIGINT, "
            "lifecycle_stage VARCHAR(20), experiment_id INTEGER)"
        )
        base.execute(
            "CREATE TABLE metrics (key VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT NOT NULL, "
            "run_uuid VARCHAR(32) NOT NULL, step BIGINT NOT NULL, is_nan BOOLEAN NOT NULL)"
        )
        base.execute("CREATE TABLE params (key VARCHAR(250), value VARCHAR(8000), run_uuid VARCHAR(32))")
        base.execute("INSERT INTO runs VALUES (?, 'ml-run', 'FINISHED', 1796006953055, 'active', 1)", (run,))
        base.execute("INSERT INTO params VALUES ('learning_rate', '0.01', ?)", (run,))
        for name, values in (("train/loss", TRAINING), ("val_loss", HELD_OUT)):
            for at, value in zip(UPDATES, values, strict=True):
                base.execute(
                    "INSERT INTO metrics VALUES (?, ?, ?, ?, ?, 0)", (name, value, 1796006953055 + 10 * at, run, at)
                )
    return path


def _trackio(folder: Path) -> Path:
    """As trackio/sqlite_storage.py writes it."""
    path = folder / "project.db"
    with closing(sqlite3.connect(path)) as base, base:
        base.execute(
            "CREATE TABLE metrics (id INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, timestamp TEXT NOT NULL, "
            "run_name TEXT NOT NULL, step INTEGER NOT NULL, metrics TEXT NOT NULL, log_id TEXT, space_id TEXT)"
        )
        base.execute(
            "CREATE TABLE configs (id INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, run_name TEXT NOT NULL, "
            "config TEXT NOT NULL, created_at TEXT NOT NULL, UNIQUE(run_id))"
        )
        config = b'{"learning_rate":0.01,"_Username":null}'
        base.execute("INSERT INTO configs VALUES (1, 'r1', 'tr-run', ?, '')", (config,))
        for update, training, held_out in zip(UPDATES, TRAINING, HELD_OUT, strict=True):
            values = json.dumps({"train/loss": training, "val_loss": held_out}).encode()
            moment = f"2026-11-30T02:50:{update}.718978+00:00"
            base.execute(
                "INSERT INTO metrics (run_id, timestamp, run_name, step, metrics) VALUES ('r1', ?, 'tr-run', ?, ?)",
                (moment, update, values),
            )
    return path


def _optuna(folder: Path) -> Path:
    path = folder / "study.db"
    _search(f"sqlite:///{path}")
    return path


def _journal(folder: Path) -> Path:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    path = folder / "journal.log"
    _search(JournalStorage(JournalFileBackend(str(path))))
    return path


def _search(storage: Any) -> None:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(storage=storage, study_name="search")

    def objective(trial: optuna.Trial) -> float:
        trial.suggest_float("learning_rate", 0.01, 0.01)
        trial.suggest_categorical("kind", ["a", "b"])
        for update, value in zip(UPDATES, HELD_OUT, strict=True):
            trial.report(value + trial.number, update)
        return 3.25

    study.optimize(objective, n_trials=2)


def _varint(value: int) -> bytes:
    found = b""
    while value > 127:
        found, value = found + bytes([value & 127 | 128]), value >> 7
    return found + bytes([value])


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _items(values: Mapping[str, Any]) -> bytes:
    return b"".join(
        _field(1, _field(1, name.encode()) + _field(16, json.dumps(value).encode())) for name, value in values.items()
    )


def wandb_log(records: list[bytes]) -> bytes:
    """The records in the log that wandb/sdk/internal/datastore.py writes, those that do not fit a block in parts."""
    log = bytearray(b":W&B" + struct.pack("<HB", 0xBEE1, 0))
    for record in records:
        first, left = True, record
        while first or left:
            room = (1 << 15) - len(log) % (1 << 15)
            if room < 7:
                log += b"\0" * room
                continue
            part, left = left[: room - 7], left[room - 7 :]
            kind = (1 if not left else 2) if first else (4 if not left else 3)
            log += struct.pack("<IHB", zlib.crc32(part, zlib.crc32(bytes([kind]))), len(part), kind) + part
            first = False
    return bytes(log)


def _wandb(folder: Path) -> Path:
    """As a W&B client writes it offline, with a record that spans blocks."""
    config = _field(4, _items({"learning_rate": 0.01, "seed": 3, "_wandb": {}}))
    records = [_field(17, _field(1, b"yu4ps9ui") + config + _field(8, b"wb-run"))]
    for update, training, held_out in zip(UPDATES, TRAINING, HELD_OUT, strict=True):
        values = {"train/loss": training, "val/loss": held_out, "_step": update, "_runtime": 0.5 * update}
        records.append(_field(2, _items(values | {"words": "x" * 40_000})))
    folder.mkdir(exist_ok=True)
    path = folder / "run-yu4ps9ui.wandb"
    path.write_bytes(wandb_log(records))
    return path


def chart(end: str = "") -> str:
    names = [f"lr-{lr} - val/loss" for lr in (0.01, 0.03)]
    columns = ["Step", *(f"{name}{end}" for name in names for end in ("", "__MIN", "__MAX"))]
    lines = [
        ",".join(f'"{value}"' for value in [update, *(cell for at in (0, 1) for cell in [held_out + at] * 3)])
        for update, held_out in zip(UPDATES, HELD_OUT, strict=True)
    ]
    return "\n".join([",".join(f'"{name}"' for name in columns), *lines]) + end


RAY: Final = _lines(
    "trial_id,training_iteration,time_total_s,train/loss,val/loss,config/lr\n",
    lambda update, training, held_out: f"t_0,{update},{update / 10},{training},{held_out},0.01",
)

TRIALS: Final = {
    f"search-{number}": {"objective": [*points(tuple(v + number for v in HELD_OUT)), (31, 3.25)]} for number in (0, 1)
}

SAMPLES: Final[Mapping[str, Sample]] = {
    "tensorboard": Sample(_events, {"theirs": both()}),
    "mlruns": Sample(_mlruns, {"ml-run": both()}),
    "mlflow": Sample(_mlflow_database, {"ml-run": both()}),
    "wandb": Sample(_wandb, {"wb-run": both()}),
    "trackio": Sample(_trackio, {"tr-run": both()}),
    "optuna": Sample(_optuna, TRIALS),
    "parquet": Sample(_parquet, {"a": both()}),
    "trainer-state": Sample(_json("out/checkpoint-30/trainer_state.json", STATE), {"out": both()}),
    "ray": Sample(_text("progress.csv", RAY), {"t_0": both()}),
    "metrics-json": Sample(_json("metrics.json", HISTORY), {"exp": {"val_loss": points(HELD_OUT)}}),
    "jsonl": Sample(
        _text(
            "a.jsonl",
            _lines("", lambda u, t, v: json.dumps({"step": u, "train": {"loss": t}, "val": {"loss": v}})),
        ),
        {"a": both()},
    ),
    "json": Sample(
        _json("a.json", {"step": dict(enumerate(UPDATES)), "val_loss": dict(enumerate(HELD_OUT))}),
        {"a": {"val_loss": points(HELD_OUT)}},
    ),
    "wandb-chart": Sample(
        _text("chart.csv", chart()),
        {
            "lr-0.01": {"val_loss": points(HELD_OUT)},
            "lr-0.03": {"val_loss": points(tuple(value + 1 for value in HELD_OUT))},
        },
    ),
    "wandb-runs": Sample(
        _text(
            "runs.csv",
            '"Name","State","learning_rate","seed","iter","train/loss","val/loss"\n'
            '"run-a","finished","0.01","1","5000","1.2","1.5"\n"run-b","crashed","0.3","2","120","7.1","7.4"\n',
        ),
        {
            "run-a": {"val_loss": [(5000, 1.5)], "lr": [(5000, 0.01)]},
            "run-b": {"val_loss": [(120, 7.4)], "lr": [(120, 0.3)]},
        },
    ),
    "lightning": Sample(
        _text(
            "lightning_logs/version_0/metrics.csv",
            _lines(
                "epoch,step,train_loss_epoch,train_loss_step,val_loss\n",
                lambda u, t, v: f"0,{u},,{t},\n0,{u},,,{v}\n0,{u},{t},,",
            ),
        ),
        {"lightning_logs": both()},
    ),
    "keras": Sample(
        _text(
            "keras.csv",
            "epoch,accuracy,loss,val_accuracy,val_loss\n0,0.1,5.0,0.12,5.5\n1,0.2,4.0,0.21,4.5\n2,0.3,3.0,0.3,3.5\n",
        ),
        {"keras": both((1, 2, 3))},
        Choices(x="epoch"),
    ),
    "tensorboard-csv": Sample(
        _text(
            "run-a-tag-eval_loss.csv",
            _lines("Wall time,Step,Value\n", lambda u, t, v: f"{1796006953.5 + u},{u},{v}"),
        ),
        {"run-a-tag-eval_loss": {"val_loss": points(HELD_OUT)}},
    ),
    "nanogpt": Sample(
        _text(
            "nano.txt",
            "tokens per iteration will be: 16,384\n"
            + _lines(
                "",
                lambda u, t, v: (
                    f"step {u}: train loss {t:.4f}, val loss {v:.4f}\niter {u}: loss {t:.4f}, time 9.10ms, mfu -100.00%"
                ),
            ),
        ),
        {"nano": both()},
    ),
    "llm.c": Sample(
        _text(
            "log124M/main.log",
            _lines("", lambda u, t, v: f"s:{u} tel:{v:.4f}\ns:{u} eval:0.29\ns:{u} trl:{t:.4f} lr:0.000600 norm:1.20"),
        ),
        {"log124M": both() | {"lr": points((0.0006,) * 3)}},
    ),
    "modded-nanogpt": Sample(
        _text(
            "5e3c.txt",
            "import torch\n"
            + _lines("", lambda u, t, v: f"step:{u}/1750 val_loss:{v:.4f} train_time:{100 * u}ms step_avg:100.00ms"),
        ),
        {"5e3c": {"val_loss": points(HELD_OUT), "seconds": points((1.0, 2.0, 3.0))}},
    ),
    "transformers-log": Sample(
        _text(
            "train_out.log",
            _lines(
                "", lambda u, t, v: f"{{'loss': '{t}', 'grad_norm': '1.2', 'learning_rate': '1e-3', 'epoch': '0.1'}}"
            ),
        ),
        {"train_out": {"train_loss": points(TRAINING, (1, 2, 3)), "lr": points((1e-3,) * 3, (1, 2, 3))}},
        Choices(x="row"),
    ),
    "csv": Sample(
        _text("log.tsv", _lines("step\ttrain loss\tLoss/val\n", lambda u, t, v: f"{u}\t{t}\t{v}")),
        {"log": both()},
    ),
}

INPUTS: Final[Mapping[str, Sample]] = {**SAMPLES, "optuna-journal": Sample(_journal, TRIALS)}
"""The samples, and further forms of a format, called `FORMAT-FORM`."""
