"""Tables of records: CSV, JSON lines, JSON and Parquet. One row is one record; columns such as `run` and `name` say whose."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import orjson

from engine.runfiles.metrics import Record, decode, encode
from moetui.core.exchange.columns import flat, header, plain
from moetui.core.exchange.foreign import Choices, ForeignRun, bad_input
from moetui.core.exchange.format import decoded, delimiter
from moetui.core.exchange.rows import RUN_IDS, Source, runs_of_rows
from moetui.core.exchange.shapes import Row
from moetui.core.exchange.uniform import run_of_uniform
from moetui.core.exchange.units import cell
from moetui.core.runs.detail import Detail

LABELS: Final = ("run", "name")

csv.field_size_limit(1 << 24)

_NUMBERS: Final = frozenset({float, int})
_DEPTH: Final = 8  # of nested objects that are flattened


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


def _rows(runs: Iterable[Detail]) -> Iterator[tuple[str, str, Record]]:
    for found in runs:
        for record in found.records:
            yield found.record.id, found.record.name, flat(record)


def read_csv(path: Path, choices: Choices, kind: str = "csv") -> list[ForeignRun]:
    """The runs of one CSV file; commas, semicolons or tabs separate."""
    text = text_of(path)
    first = text.partition("\n")[0]
    separator = delimiter(first)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    rows: list[Row] = []
    notes: list[str] = []
    try:
        names = [name.strip() for name in next(reader, [])]
        labels = {name for name in names if is_label(name)}
        if doubled := {name for name in names if name and names.count(name) > 1}:
            raise bad_input(path, "line 1", f"has several columns {', '.join(sorted(doubled))}")
        for cells in reader:
            if len(cells) > len(names) and any(map(str.strip, cells[len(names) :])):
                raise bad_input(path, f"line {reader.line_num}", "has more cells than the header")
            if (
                cells and cells[0].strip() == names[0] and [one.strip() for one in cells] == names
            ):  # whoever went on with the file began with the header again
                notes.append(f"line {reader.line_num} is the header again")
                continue
            row = {
                name: value
                for name, text in zip(names, cells, strict=False)
                if text
                and (value := text if name in labels else cell(text, decimal_comma=separator == ";")) is not None
            }
            if row:
                rows.append((f"line {reader.line_num}", row))
    except csv.Error as error:
        raise bad_input(path, f"line {reader.line_num}", str(error)) from None
    return runs_of_rows(Source(path, kind), rows, choices, notes[:3])


def read_jsonl(path: Path, choices: Choices, kind: str = "jsonl") -> list[ForeignRun]:
    """The runs of a file with one JSON object per line."""
    rows: list[Row] = []
    text = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    if (run := run_of_uniform(Source(path, kind), text, choices)) is not None:
        return [run]
    for line, raw in enumerate(text.splitlines(), start=1):
        if not raw or raw.isspace():
            continue
        try:
            row = _loaded(raw)
        except (ValueError, RecursionError) as error:
            raise bad_input(path, f"line {line}", f"is no JSON ({' '.join(str(error).split())[:80]})") from None
        if not isinstance(row, dict):
            raise bad_input(path, f"line {line}", "is no object")
        rows.append((f"line {line}", values_of(row)))
    return runs_of_rows(Source(path, kind), rows, choices)


def read_json(path: Path, choices: Choices, kind: str = "json") -> list[ForeignRun]:
    """The runs of a JSON list of objects, or of an object with a list or an object of numbered values for each column."""
    tree = json_of(path)
    if isinstance(tree, dict):
        tree = _by_rows(path, tree)
    if not isinstance(tree, list):
        raise bad_input(path, "", "is no list of objects")
    rows = []
    for place, row in enumerate(tree):
        if not isinstance(row, dict):
            raise bad_input(path, f"[{place}]", "is no object")
        rows.append((f"[{place}]", values_of(row)))
    return runs_of_rows(Source(path, kind), rows, choices)


@lru_cache(maxsize=1024)
def is_label(name: str) -> bool:
    """Whether a column tells runs apart, so that its cells are texts: `007` and `7`, `1e999` and `2e999` are two runs each."""
    return plain(name) in RUN_IDS


def _by_rows(path: Path, tree: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a table that is kept by columns, as pandas writes it: lists, or objects from index to value."""
    columns = {name: value for name, value in tree.items() if isinstance(value, list | dict)}
    kinds = {type(value) for value in columns.values()}
    if len(kinds) != 1:
        raise bad_input(path, "", f"has neither rows nor columns; its keys are {', '.join(list(tree)[:8])}")
    numbered = {name: dict(enumerate(value)) if isinstance(value, list) else value for name, value in columns.items()}
    index = dict.fromkeys(place for values in numbered.values() for place in values)
    return [{name: values[place] for name, values in numbered.items() if place in values} for place in index]


def read_parquet(path: Path, choices: Choices, kind: str = "parquet") -> list[ForeignRun]:
    """The runs of a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path).read().to_pylist()
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise bad_input(path, "", f"is no readable Parquet file ({' '.join(str(error).split())[:120]})") from None
    rows = [(f"row {place}", values_of(row)) for place, row in enumerate(table, start=1)]
    return runs_of_rows(Source(path, kind), rows, choices)


def values_of(row: dict[str, Any], depth: int = _DEPTH) -> dict[str, Any]:
    """The values of a row by name, those of nested objects as `outer/inner`; null is no value, nor is a word that says so."""
    if _NUMBERS.issuperset(map(type, row.values())):
        return row  # most rows hold nothing else: the others take longer
    found: dict[str, Any] = {}
    for name, value in row.items():
        if type(value) is float:
            found[str(name)] = value
        elif value is None:
            continue
        elif isinstance(value, dict):
            if depth:
                found |= {f"{name}/{inner}": one for inner, one in values_of(value, depth - 1).items()}
        elif isinstance(value, str):
            if (told := value if is_label(name) else cell(value)) is not None:
                found[str(name)] = value if isinstance(told, str) else told
        elif name == "expert_load":
            found |= flat({name: decode(value)})
        else:
            found[str(name)] = value
    return found


def _loaded(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return json.loads(raw)  # others write NaN as Python does


def json_of(path: Path) -> Any:
    """The value of a JSON file, NaN as Python writes it included. Raises `UsageError` with line and column of a fault."""
    try:
        return json.loads(path.read_bytes())
    except UnicodeDecodeError:
        raise bad_input(path, "", "is no UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise bad_input(path, f"line {error.lineno}, column {error.colno}", error.msg) from None
    except (RecursionError, ValueError) as error:
        raise bad_input(path, "", f"is no readable JSON ({error})") from None


def text_of(path: Path) -> str:
    """The text of a file. Raises `UsageError` if it is neither UTF-8 nor UTF-16."""
    text = decoded(path.read_bytes())
    if "\ufffd" in text:
        raise bad_input(path, "", "is no UTF-8 text")
    return text
