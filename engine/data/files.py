"""The `files` source: one's own .txt, .jsonl, .parquet and .csv files."""

import glob
from collections.abc import Iterator
from pathlib import Path

from engine.errors import InputError
from engine.spec.config import DataConfig

LONGEST = 1 << 24
"""Characters of a document in a .txt file at most: a longer one would be a file whose separator was not told."""

# Suffix → the reader of the `datasets` library.
_READERS = {".jsonl": "json", ".parquet": "parquet", ".csv": "csv"}


def matched_files(config: DataConfig) -> list[Path]:
    """Every file that `data.files` names, sorted within each pattern, none twice. A pattern without a match is an error."""
    found: dict[Path, None] = {}
    for pattern in config.files:
        matches = sorted(Path(path) for path in glob.glob(pattern, recursive=True) if Path(path).is_file())  # noqa: PTH207
        if not matches:
            raise InputError(f"data.files: nothing matches {pattern!r} (looked from {Path.cwd()})")
        for path in matches:
            if path.suffix != ".txt" and path.suffix not in _READERS:
                raise InputError(f"data.files: {path} is none of .txt, .jsonl, .parquet, .csv")
            found[path.resolve()] = None
    return list(found)


def files_identity(config: DataConfig) -> str:
    """What the documents depend on: the files, their sizes and times of change, and how they are read."""
    stats = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in matched_files(config)]
    return f"files {stats} {config.separator!r} {config.text_field!r}"


def files_documents(config: DataConfig) -> Iterator[str]:
    """The documents of every file in turn."""
    for path in matched_files(config):
        if path.suffix == ".txt":
            yield from _text_documents(path, config.separator)
        else:
            yield from _table_documents(path, config.text_field)


def _text_documents(path: Path, separator: str) -> Iterator[str]:
    """Documents between separator lines; without a separator the file is one document."""
    lines: list[str] = []
    size = 0
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                if separator and line.strip() == separator:
                    yield "".join(lines)
                    lines, size = [], 0
                    continue
                lines.append(line)
                size += len(line)
                if size > LONGEST:
                    raise InputError(
                        f"{path} has a document of more than {LONGEST:,} characters; separate its documents by lines of "
                        f"data.separator, now {separator!r}"
                    )
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    yield "".join(lines)


def _table_documents(path: Path, text_field: str) -> Iterator[str]:
    import datasets  # seconds to import, and only needed when the cache does not have the tokens yet

    datasets.disable_progress_bars()
    try:
        rows = datasets.load_dataset(_READERS[path.suffix], data_files=str(path), split="train", streaming=True)
        for number, row in enumerate(rows, start=1):
            yield text_of(row, text_field, f"{path}, row {number}")
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise InputError(f"{path} cannot be read: {' '.join(str(error).split())[:300]}") from None


def text_of(row: dict[str, object], text_field: str, where: str) -> str:
    """The text of one row of a table; a row without it is an error that names the columns there are."""
    if text_field not in row:
        raise InputError(f"{where} has no column {text_field!r}, only {', '.join(row)}; set data.text_field")
    text = row[text_field]
    if text is None:
        return ""
    if not isinstance(text, str):
        raise InputError(f"{where}: column {text_field!r} holds {type(text).__name__}, not text")
    return text
