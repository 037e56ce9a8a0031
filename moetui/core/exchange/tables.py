"""Tables of records: CSV, JSON lines and Parquet. One row is one record; `run` and `name` say whose, if there are several."""

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from engine.runfiles.metrics import Record, decode, encode
from moetui.core.exchange.columns import KNOWN, WHOLE, flat, header, key_of, unflat
from moetui.core.exchange.foreign import ForeignRun, bad_input
from moetui.core.runs.detail import Detail

LABELS: Final = ("run", "name")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a row stands, for errors: `line` counts from 1 as an editor does."""

    path: Path
    line: int


def csv_bytes(runs: Sequence[Detail]) -> bytes:
    """One table; numbers as Python writes them, so that they read back the same, and nothing where nothing was measured."""
    rows = list(_rows(runs))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    columns = [*LABELS, *header(row for *_, row in rows)]
    writer.writerow(columns)
    for run_id, name, row in rows:
        writer.writerow([run_id, name, *(row.get(key, "") for key in columns[len(LABELS) :])])
    return text.getvalue().encode()


def jsonl_bytes(runs: Sequence[Detail]) -> bytes:
    """One JSON object per record, as in metrics.jsonl, with `run` and `name` before it."""
    return b"".join(
        orjson.dumps(
            {"run": found.record.id, "name": found.record.name} | encode(record), option=orjson.OPT_APPEND_NEWLINE
        )
        for found in runs
        for record in found.records
    )


def parquet_bytes(runs: Sequence[Detail]) -> bytes:
    """The table of `csv_bytes` with typed columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [{"run": run_id, "name": name} | row for run_id, name, row in _rows(runs)]
    columns = [*LABELS, *(key for key in header(rows) if key not in LABELS)]
    sink = io.BytesIO()
    pq.write_table(pa.table({key: [row.get(key) for row in rows] for key in columns}), sink)
    return sink.getvalue()


def read_csv(path: Path) -> list[ForeignRun]:
    """The runs of one CSV file; commas, semicolons or tabs separate."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise bad_input(path, "", "is no UTF-8 text") from None
    first = text.partition("\n")[0]
    reader = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), restkey="", restval=""
    )
    rows: list[tuple[_Place, Row]] = []
    try:
        for row in reader:
            if row.get(""):
                raise bad_input(path, f"line {reader.line_num}", "has more cells than the header")
            rows.append((_Place(path, reader.line_num), {k: v for k, v in row.items() if k and v and v.strip()}))
    except csv.Error as error:
        raise bad_input(path, f"line {reader.line_num}", str(error)) from None
    return _runs(path, "csv", rows, _typed)


def read_jsonl(path: Path) -> list[ForeignRun]:
    """The runs of a file with one JSON object per line."""
    rows: list[tuple[_Place, Row]] = []
    for line, raw in enumerate(path.read_bytes().splitlines(), start=1):
        if not raw.strip():
            continue
        try:
            row = json.loads(raw)  # not orjson: others write NaN as Python does
        except (ValueError, RecursionError) as error:
            raise bad_input(path, f"line {line}", f"is no JSON ({error})") from None
        if not isinstance(row, dict):
            raise bad_input(path, f"line {line}", "is no object")
        rows.append((_Place(path, line), {key: decode(value) for key, value in row.items() if value is not None}))
    return _runs(path, "jsonl", rows, lambda value: value)


def read_parquet(path: Path) -> list[ForeignRun]:
    """The runs of a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path).read().to_pylist()
    except pa.ArrowException as error:
        raise bad_input(path, "", f"is no readable Parquet file ({' '.join(str(error).split())[:120]})") from None
    rows = [
        (_Place(path, line), {key: value for key, value in row.items() if value is not None})
        for line, row in enumerate(table, start=1)
    ]
    return _runs(path, "parquet", rows, lambda value: value)


def _rows(runs: Iterable[Detail]) -> Iterator[tuple[str, str, Record]]:
    for found in runs:
        for record in found.records:
            yield found.record.id, found.record.name, flat(record)


def _runs(path: Path, kind: str, rows: Sequence[tuple[_Place, Row]], typed: Callable[[Any], Any]) -> list[ForeignRun]:
    if not rows:
        raise bad_input(path, "", "holds no records")
    columns = dict.fromkeys(name for _, row in rows for name in row if name not in LABELS)
    keys = {name: key_of(name) for name in columns}
    if "update" not in keys.values():
        raise bad_input(path, "", "has no column update (or step, steps, global_step, iteration)")
    if doubled := {key for key in keys.values() if list(keys.values()).count(key) > 1}:
        raise bad_input(path, "", f"has several columns for {', '.join(sorted(doubled))}")
    # Only numbers are measurements: a column of texts is left out, a text in a column that has a meaning is a fault.
    texts = {name for name, key in keys.items() if key == name and _is_text(name, rows, typed)}
    notes = (f"left out: {', '.join(sorted(texts))}",) if texts else ()
    records: dict[str, list[Record]] = {}
    names: dict[str, str] = {}
    for place, row in rows:
        run = str(row.get("run", row.get("name", "")))
        names.setdefault(run, str(row.get("name", run)) or path.stem)
        measured = {
            keys[name]: _value(place, name, keys[name], typed(row[name]))
            for name in columns
            if name in row and name not in texts
        }
        if "update" not in measured:
            raise bad_input(path, f"line {place.line}", "has no update")
        records.setdefault(run, []).append(unflat({"session": 1} | measured))
    return [
        ForeignRun(name=names[run], source=path, format=kind, records=found, notes=notes)
        for run, found in records.items()
    ]


def _is_text(name: str, rows: Sequence[tuple[_Place, Row]], typed: Callable[[Any], Any]) -> bool:
    values = (typed(row[name]) for _, row in rows if name in row)
    return name not in KNOWN and any(isinstance(value, str | bytes | dict) for value in values)


def _value(place: _Place, name: str, key: str, value: Any) -> Any:
    value = decode(value)
    if key not in KNOWN:
        return value
    number = isinstance(value, int | float) and (key == "clipped" or not isinstance(value, bool))
    if not number:
        raise bad_input(place.path, f"line {place.line}, {name}", f"{str(value)[:40]!r} is no number")
    if key not in WHOLE:
        return value
    if not math.isfinite(value) or value != int(value) or not 0 <= value < 2**53:
        raise bad_input(place.path, f"line {place.line}, {name}", f"{str(value)[:40]!r} is no whole number")
    return int(value)


def _typed(text: str) -> Any:
    """The value of a CSV cell: a whole number, a number, a truth value, or else the text."""
    text = text.strip()
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
