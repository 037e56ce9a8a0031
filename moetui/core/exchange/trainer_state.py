"""`trainer_state.json` of transformers: one run, whose `log_history` is a list of records by `step`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from moetui.core.exchange.foreign import Choices, ForeignRun, bad_input, name_of
from moetui.core.exchange.format import Look
from moetui.core.exchange.rows import Source, runs_of_rows
from moetui.core.exchange.tables import json_of, values_of

FILE = "trainer_state.json"

_FACTS = ("num_train_epochs", "train_batch_size", "logging_steps", "eval_steps", "best_metric", "total_flos")


def is_trainer_state(look: Look) -> str:
    """Why a file is the state of a transformers Trainer."""
    return "its key log_history is that of transformers' Trainer" if '"log_history"' in look.text else ""


def read_trainer_state(path: Path, choices: Choices) -> list[ForeignRun]:
    """The run of one file. Raises `UsageError` with the place of a fault."""
    tree = json_of(path)
    history = tree.get("log_history") if isinstance(tree, dict) else None
    if not isinstance(history, list):
        raise bad_input(path, "log_history", "the key is missing or no list")
    rows = []
    for place, row in enumerate(history):
        if not isinstance(row, dict):
            raise bad_input(path, f"log_history[{place}]", "is no object")
        rows.append((f"log_history[{place}]", values_of(row)))
    runs = runs_of_rows(Source(path, "trainer-state", name_of(path)), rows, choices)
    planned: Any = tree.get("max_steps")
    return [
        replace(
            run,
            updates=planned if type(planned) is int and 0 < planned < 2**53 else None,
            facts={**run.facts, **{key: tree[key] for key in _FACTS if isinstance(tree.get(key), int | float)}},
        )
        for run in runs
    ]
