"""The text column of tables: JSON lines, CSV and Parquet. No other column is looked at, whatever it holds."""

import csv
import io
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import IO, Any, Final

import orjson

from engine.errors import InputError

_ROWS = 1024  # of a Parquet file at once

_DELIMITERS = ",;\t|"


def jsonl_texts(raw: IO[bytes], name: str, text_field: str) -> Iterator[str]:
    """The texts of an open file with one JSON object per line. Raises `InputError` with the line at fault."""
    for number, line in enumerate(raw, start=1):
        where = f"{name}, line {number}"
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if line.strip():
            yield text_of(_object(line, where), text_field, where)


def _object(line: bytes, where: str) -> dict[str, Any]:
    try:
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            row = json.loads(line)  # which takes NaN, halves of surrogate pairs and numbers of any size
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where} is no JSON ({' '.join(str(error).split())[:120]})") from None
    if not isinstance(row, dict):
        raise InputError(f"{where} is no JSON object")
    return row


def csv_texts(raw: IO[bytes], name: str, text_field: str, *, delimiter: str = "") -> Iterator[str]:
    """The texts of a table with a header; cells are texts, so that `NA` and `null` are words. Raises `InputError`."""
    csv.field_size_limit(1 << 30)
    with io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
        try:
            first = text.readline()
            rows = csv.reader(itertools.chain([first], text), delimiter=delimiter or _delimiter(first, text_field))
            header = next(rows, [])
            for row in rows:
                if row:
                    yield text_of(dict(zip(header, row, strict=False)), text_field, f"{name}, line {rows.line_num}")
        except UnicodeDecodeError as error:
            raise InputError(f"{name} is not UTF-8 text: {error.reason} at byte {error.start}") from None
        except csv.Error as error:
            raise InputError(f"{name}, line {rows.line_num}: {error}") from None


def _delimiter(header: str, text_field: str) -> str:
    """The character that makes the text field one of the columns; a comma where none does."""
    return next((one for one in _DELIMITERS if text_field in next(csv.reader([header], delimiter=one), [])), ",")


def parquet_texts(raw: IO[bytes], name: str, text_field: str) -> Iterator[str]:
    """The texts of a Parquet file, of which only the one column is read. Raises `InputError`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(raw)
        if text_field not in table.schema_arrow.names:
            text_of(dict.fromkeys(table.schema_arrow.names), text_field, name)
        number = 0
        for batch in table.iter_batches(_ROWS, columns=[text_field]):
            for text in batch.column(text_field).to_pylist():
                number += 1
                yield text_of({text_field: text}, text_field, f"{name}, row {number}")
    except (pa.ArrowException, KeyError) as error:
        raise InputError(f"{name} is no readable Parquet file ({' '.join(str(error).split())[:200]})") from None


def text_of(row: dict[str, Any], text_field: str, where: str) -> str:
    """The text of one row of a table; a row without it is an error that names the columns there are."""
    if text_field not in row:
        raise InputError(f"{where} has no column {text_field!r}, only {', '.join(row)}; set data.text_field")
    text = row[text_field]
    if text is None:
        return ""
    if not isinstance(text, str):
        raise InputError(f"{where}: column {text_field!r} holds {type(text).__name__}, not text")
    return text


TABLES: Final[Mapping[str, Callable[[IO[bytes], str, str], Iterator[str]]]] = {
    ".jsonl": jsonl_texts,
    ".ndjson": jsonl_texts,
    ".csv": csv_texts,
    ".tsv": partial(csv_texts, delimiter="\t"),
    ".parquet": parquet_texts,
}
"""By the suffix of a file: the texts of its open bytes, its name for errors, and the name of the column of the text."""

SEEKABLE: Final = frozenset({".parquet"})
"""Formats that are not read from their beginning to their end."""
