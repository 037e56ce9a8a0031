"""Tables of other shapes than one row per record, made into that: one column per run and metric, or one row per value."""

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final

from moetui.core.exchange.columns import key_of, plain
from moetui.core.exchange.foreign import listed

Row = tuple[str, Mapping[str, Any]]
"""Where a row stands (`line 3`), and its values by the names of their columns; what was not measured is not there."""

EXTREMES: Final = ("__MIN", "__MAX")
"""Endings of the columns with the range of a curve in a chart that W&B exports."""

SEPARATOR: Final = " - "
"""Between run and metric in the names of its columns."""

_METRIC_NAMES: Final = ("metric", "tag", "key")


def reshaped(path: Path, rows: Sequence[Row]) -> tuple[Sequence[Row], list[str]]:
    """Rows with one column per metric, and notes on what was done."""
    columns = list(dict.fromkeys(chain.from_iterable(row for _, row in rows)))
    if is_chart(columns):
        return _of_chart(rows, columns)
    words = {plain(name): name for name in columns}
    metric = next((words[word] for word in _METRIC_NAMES if word in words), None)
    if metric is not None and "value" in words:
        return _of_values(rows, metric, words["value"])
    if is_tag(columns):
        return _of_tag(path, rows, words["value"])
    return rows, []


def is_chart(columns: Sequence[str]) -> bool:
    """Whether all columns but the first are `run - metric`, as in a chart that W&B exports."""
    named = [name for name in columns[1:] if SEPARATOR in name]
    return len(columns) > 1 and len(named) == len(columns) - 1


def is_tag(columns: Sequence[str]) -> bool:
    """Whether this is one curve as TensorBoard lets it be downloaded."""
    return sorted(map(plain, columns)) == ["step", "value", "wall_time"]


def _of_chart(rows: Sequence[Row], columns: Sequence[str]) -> tuple[list[Row], list[str]]:
    x, *others = columns
    ranges = [name for name in others if name.endswith(EXTREMES)]
    places = [(name, *name.rsplit(SEPARATOR, 1)) for name in others if name not in ranges]
    places = [(name, run, metric) for name, run, metric in places if key_of(metric) != "update"]
    found: list[Row] = []
    for run in dict.fromkeys(run for _, run, _ in places):
        for place, row in rows:
            values = {metric: row[name] for name, own, metric in places if own == run and name in row}
            if values:
                found.append((place, {"run": run, x: row.get(x), **values}))
    notes = [f"left out: the ranges {listed(ranges, 4)}"] if ranges else []
    return found, notes


def _of_values(rows: Sequence[Row], metric: str, value: str) -> tuple[list[Row], list[str]]:
    found: list[Row] = []
    for place, row in rows:
        others = {name: cell for name, cell in row.items() if name not in (metric, value)}
        if metric in row and value in row:
            found.append((place, others | {str(row[metric]): row[value]}))
    return found, [f"{metric} names what each {value} is of"]


def _of_tag(path: Path, rows: Sequence[Row], value: str) -> tuple[list[Row], list[str]]:
    """One curve; TensorBoard writes its tag into the name of the file."""
    tag = path.stem.rpartition("tag-")[2].replace("_", "/", 1) or value
    return [(place, {tag if name == value else name: cell for name, cell in row.items()}) for place, row in rows], [
        f"{value} is {tag}, after the name of the file"
    ]
