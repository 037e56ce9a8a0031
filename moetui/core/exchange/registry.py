"""Every format of runs, one entry each, in the order in which a file is tried against them."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from moetui.core.exchange import (
    mlflow_database,
    mlflow_folder,
    model_card,
    optuna_studies,
    tables,
    tensorboard,
    text_logs,
    trackio_project,
    trainer_state,
    wandb_file,
    wandb_offline,
)
from moetui.core.exchange.columns import UPDATES, plain
from moetui.core.exchange.experiment_log import experiment_log
from moetui.core.exchange.foreign import Choices, ForeignRun
from moetui.core.exchange.format import Format, Look
from moetui.core.exchange.metrics_json import NAME, one_metrics_json, read_metrics_json
from moetui.core.exchange.outgoing import PROJECT
from moetui.core.exchange.shapes import EXTREMES, is_chart, is_tag

_TEXT: Final = (".csv", ".tsv", ".txt", ".log", "")


def _table(look: Look) -> list[str]:
    """The columns of a table of text; none where the name of the file is of something else."""
    return look.columns if look.path.suffix.lower() in _TEXT else []


def _said(columns: Sequence[str]) -> str:
    return f"the first line names the columns {', '.join(columns[:4])}{' …' if len(columns) > 4 else ''}"


def _is_csv(look: Look) -> str:
    columns = _table(look)
    told = look.path.suffix.lower() in (".csv", ".tsv")
    steps = any(plain(name) in UPDATES for name in columns) and len(columns) > 1
    return _said(columns) if told or steps else ""


def _is_lightning(look: Look) -> str:
    columns = _table(look)
    csv_logger = {"epoch", "step"} <= set(columns) and look.path.name == "metrics.csv"
    return f"metrics.csv with the columns epoch and step is Lightning's: {_said(columns)}" if csv_logger else ""


def _is_keras(look: Look) -> str:
    columns = _table(look)
    own = columns[:1] == ["epoch"] and not any(plain(name) in UPDATES for name in columns)
    return f"{_said(columns)}, which is how Keras' CSVLogger begins" if own and len(columns) > 1 else ""


def _is_chart(look: Look) -> str:
    columns = _table(look)
    if not is_chart(columns):
        return ""
    ranges = any(name.endswith(EXTREMES) for name in columns)
    return f"its columns are `run - metric`{' with __MIN and __MAX' if ranges else ''}, as in a chart exported from W&B"


def _is_runs_table(look: Look) -> str:
    columns = _table(look)
    return f"{_said(columns)}, as in a table of runs exported from W&B" if {"Name", "State"} <= set(columns) else ""


def _is_tag(look: Look) -> str:
    return "Wall time, Step and Value are one curve downloaded from TensorBoard" if is_tag(_table(look)) else ""


def _is_ray(look: Look) -> str:
    own = ("training_iteration", "trial_id")
    if set(own) <= set(_table(look)) or all(f'"{name}"' in look.text[: 1 << 14] for name in own):
        return "training_iteration and trial_id are Ray's"
    return ""


def _read_ray(path: Path, choices: Choices) -> list[ForeignRun]:
    read = tables.read_jsonl if Look(path).text.lstrip().startswith("{") else tables.read_csv
    return read(path, choices, "ray")


def _is_jsonl(look: Look) -> str:
    told = look.path.suffix.lower() in (".jsonl", ".ndjson")
    lines = look.text.lstrip().split("\n")
    objects = (
        lines[0].startswith("{") and lines[0].rstrip().endswith("}") and len(lines) > 1 and lines[1].startswith('{"')
    )
    return "each line is a JSON object" if told or objects else ""


def _is_json(look: Look) -> str:
    first = look.text.lstrip()[:1]
    if look.path.suffix.lower() != ".json" or first not in ("[", "{"):
        return ""
    if first == "{" and not any(f'"{word}"' in look.text for word in UPDATES):
        return ""
    return "it is a JSON list of records" if first == "[" else "it is a JSON object of columns"


def _is_metrics_json(look: Look) -> str:
    named = look.path.name == NAME and not _is_jsonl(look)
    inside = '"history"' in look.text and look.text.lstrip().startswith("{") and look.path.suffix.lower() == ".json"
    return "its key history holds lists of one run" if inside else f"it is called {NAME}" if named else ""


def _is_parquet(look: Look) -> str:
    return "it begins with PAR1" if look.raw.startswith(b"PAR1") else ""


def _one(read: Callable[[Path, Choices], ForeignRun]) -> Callable[[Path, Choices], list[ForeignRun]]:
    return lambda path, choices: [read(path, choices)]


FORMATS: Final[tuple[Format, ...]] = (
    Format(
        name="tensorboard",
        about="event files; a directory with those of all its writers is one run",
        recognize=tensorboard.is_events,
        read=tensorboard.read_folder,
        in_trees=(f"{tensorboard.EVENTS}*",),
        write_folder=tensorboard.write_events,
        own_files=f"{tensorboard.EVENTS}*",
    ),
    Format(
        name="mlruns",
        about="the directory mlruns of MLflow, or the directory of one of its runs",
        recognize=mlflow_folder.is_mlflow,
        read=mlflow_folder.read_mlflow,
    ),
    Format(
        name="mlflow",
        about="mlflow.db, the SQLite store of MLflow",
        suffixes=(".db",),
        recognize=mlflow_database.is_mlflow_database,
        read=mlflow_database.read_mlflow_database,
        in_trees=(mlflow_database.NAME,),
        write=mlflow_database.mlflow_bytes,
        one_file=mlflow_database.NAME,
    ),
    Format(
        name="wandb",
        about="the run file of W&B, run-ID.wandb; written as a directory that `wandb sync` uploads",
        suffixes=(".wandb",),
        recognize=wandb_file.is_wandb,
        read=wandb_file.read_wandb,
        in_trees=(wandb_offline.FILES,),
        write_folder=wandb_offline.write_offline_run,
        folder_name=wandb_offline.folder_name,
        own_files=wandb_offline.FILES,
    ),
    Format(
        name="trackio",
        about="a project of trackio, PROJECT.db",
        suffixes=(".db",),
        recognize=trackio_project.is_trackio,
        read=trackio_project.read_trackio,
        write=trackio_project.trackio_bytes,
        one_file=f"{PROJECT}.db",
    ),
    Format(
        name="optuna",
        about="the SQLite storage or the journal of optuna; each trial is a run",
        suffixes=(".db", ".sqlite3", ".log"),
        recognize=optuna_studies.is_optuna,
        read=optuna_studies.read_optuna,
    ),
    Format(
        name="parquet",
        about="one row per record",
        suffixes=(".parquet",),
        recognize=_is_parquet,
        read=tables.read_parquet,
        write=tables.parquet_bytes,
    ),
    Format(
        name="trainer-state",
        about="trainer_state.json of transformers",
        suffixes=(".json",),
        recognize=trainer_state.is_trainer_state,
        read=trainer_state.read_trainer_state,
        in_trees=(trainer_state.FILE,),
    ),
    Format(
        name="ray",
        about="progress.csv and result.json of Ray",
        suffixes=(".csv", ".json"),
        recognize=_is_ray,
        read=_read_ray,
        in_trees=("progress.csv",),
    ),
    Format(
        name="metrics-json",
        about="metrics.json: one run with its history and configuration",
        suffixes=(".json",),
        recognize=_is_metrics_json,
        read=_one(read_metrics_json),
        in_trees=(NAME,),
        write=one_metrics_json,
    ),
    Format(
        name="jsonl",
        about="one JSON object per record; nested ones are flattened",
        suffixes=(".jsonl", ".ndjson"),
        recognize=_is_jsonl,
        read=tables.read_jsonl,
        write=tables.jsonl_bytes,
    ),
    Format(
        name="json",
        about="a JSON list of records, or a table as pandas writes it",
        suffixes=(".json",),
        recognize=_is_json,
        read=tables.read_json,
    ),
    Format(
        name="wandb-chart",
        about="a chart exported from W&B as CSV: columns `run - metric`",
        suffixes=(".csv",),
        recognize=_is_chart,
        read=partial(tables.read_csv, kind="wandb-chart"),
    ),
    Format(
        name="wandb-runs",
        about="the table of runs exported from W&B as CSV",
        suffixes=(".csv",),
        recognize=_is_runs_table,
        read=partial(tables.read_csv, kind="wandb-runs"),
    ),
    Format(
        name="lightning",
        about="metrics.csv of Lightning's CSVLogger",
        suffixes=(".csv",),
        recognize=_is_lightning,
        read=partial(tables.read_csv, kind="lightning"),
        in_trees=("metrics.csv",),
    ),
    Format(
        name="keras",
        about="the file of Keras' CSVLogger; needs --x epoch",
        suffixes=(".csv", ".log"),
        recognize=_is_keras,
        read=partial(tables.read_csv, kind="keras"),
    ),
    Format(
        name="tensorboard-csv",
        about="one curve downloaded from TensorBoard as CSV",
        suffixes=(".csv",),
        recognize=_is_tag,
        read=partial(tables.read_csv, kind="tensorboard-csv"),
    ),
    Format(
        name="nanogpt",
        about="the text log of nanoGPT",
        suffixes=(".txt", ".log"),
        recognize=text_logs.recognizes(text_logs.NANOGPT, "nanoGPT's"),
        read=text_logs.reads(text_logs.NANOGPT, "nanogpt"),
    ),
    Format(
        name="llm.c",
        about="main.log of llm.c, or what it prints",
        suffixes=(".log", ".txt"),
        recognize=text_logs.recognizes(text_logs.LLM_C, "llm.c's"),
        read=text_logs.reads(text_logs.LLM_C, "llm.c"),
    ),
    Format(
        name="modded-nanogpt",
        about="the text log of modded-nanogpt",
        suffixes=(".txt", ".log"),
        recognize=text_logs.recognizes(text_logs.MODDED, "modded-nanogpt's"),
        read=text_logs.reads(text_logs.MODDED, "modded-nanogpt"),
    ),
    Format(
        name="transformers-log",
        about="what transformers' Trainer prints; needs --x row",
        suffixes=(".txt", ".log"),
        recognize=text_logs.is_python_lines,
        read=text_logs.python_lines,
    ),
    Format(
        name="csv",
        about="one row per record; commas, semicolons or tabs separate",
        suffixes=(".csv", ".tsv"),
        recognize=_is_csv,
        read=tables.read_csv,
        write=tables.csv_bytes,
    ),
    Format(
        name="experiment-log",
        about="a list of one record per run with settings and results",
        suffixes=(".json",),
        write=experiment_log,
        needs_curves=False,
    ),
    Format(
        name="model-card",
        about="README.md for the HF hub: scores by setting as model-index and table",
        suffixes=(".md",),
        write=model_card.model_card,
        one_file=model_card.NAME,
        needs_curves=False,
    ),
)


def recognized(path: Path) -> tuple[Format, str] | None:
    """The format of a file or directory and why, or None. Raises `OSError` if it cannot be looked at."""
    look = Look(path)
    for entry in FORMATS:
        if entry.read is not None and (why := entry.recognize(look)):
            return entry, why
    return None
