"""`mlruns` of MLflow: a directory for each experiment, in it one for each run, in that a file for each metric.

mlruns/EXPERIMENT/RUN/meta.yaml      run_name, status, start_time (Unix milliseconds)
mlruns/EXPERIMENT/RUN/metrics/NAME   one line for a value: Unix milliseconds, the value, the step
mlruns/EXPERIMENT/RUN/params/NAME    the value
"""

import re
from collections.abc import Iterator
from pathlib import Path

from moetui.core.exchange.foreign import Choices, ForeignRun, bad_input
from moetui.core.exchange.format import Look
from moetui.core.exchange.rows import Source, runs_of_rows
from moetui.core.exchange.settings_of_others import with_settings
from moetui.core.exchange.shapes import Row
from moetui.core.exchange.units import cell

_META = re.compile(r"^(\w+): *(.*)$", re.MULTILINE)


def is_mlflow(look: Look) -> str:
    """Why a directory is one of MLflow."""
    if not look.folder:
        return ""
    runs = list(run_folders(look.path))
    return f"{runs[0].relative_to(look.path) or '.'} has meta.yaml and metrics as MLflow writes them" if runs else ""


def run_folders(root: Path) -> Iterator[Path]:
    """Every directory of a run at or up to two levels below `root`."""
    for depth in ("", "*/", "*/*/"):
        for meta in sorted(root.glob(f"{depth}meta.yaml")):
            if (meta.parent / "metrics").is_dir():
                yield meta.parent


def read_mlflow(root: Path, choices: Choices) -> list[ForeignRun]:
    """The runs of a directory of MLflow. Raises `UsageError` with the file and line of a fault."""
    return [run for folder in run_folders(root) for run in _read(folder, choices)]


def _read(folder: Path, choices: Choices) -> list[ForeignRun]:
    meta = dict(_META.findall((folder / "meta.yaml").read_text(encoding="utf-8", errors="replace")))
    rows: list[Row] = []
    for path in sorted(path for path in (folder / "metrics").rglob("*") if path.is_file()):
        name = str(path.relative_to(folder / "metrics"))
        for line, text in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            parts = text.split()
            if not parts:
                continue
            values = [cell(part) for part in parts[:3]]
            if len(parts) < 2 or not all(isinstance(value, int | float) for value in values):
                raise bad_input(path, f"line {line}", f"{text[:40]!r} is not a time, a value and a step")
            moment, value, step = (*values, 0)[:3]
            rows.append((f"{name}, line {line}", {name: value, "step": step, "timestamp": moment}))
    if not rows:
        raise bad_input(folder, "", "holds no metrics")
    rows.sort(key=lambda row: row[1]["timestamp"] if isinstance(row[1]["timestamp"], int | float) else 0)
    told = {path.name: path.read_text(encoding="utf-8", errors="replace")[:500] for path in _params(folder)}
    about = {name: cell(value) for name, value in told.items()}
    about |= {"status": meta["status"]} if "status" in meta else {}
    name = meta.get("run_name", "").strip("'\" ") or folder.name
    source = Source(folder, "mlruns", name)
    return [with_settings(run, about) for run in runs_of_rows(source, rows, choices)]


def _params(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "params").rglob("*") if path.is_file())
