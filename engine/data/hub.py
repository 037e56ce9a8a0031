"""The `hub` source: a data set of the Hugging Face hub, or a directory in its layout, streamed."""

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from engine.data.compressed import unpacked
from engine.data.digests import digest_of
from engine.data.matching import TextFile, text_file
from engine.data.repository import commit_of, is_directory, one_line
from engine.data.tables import SEEKABLE, TABLES, text_of
from engine.errors import InputError
from engine.spec.config import DataConfig


def hub_identity(config: DataConfig) -> str:
    """What the documents are asked for by. A branch that moves on the hub is not noticed once its text is cached."""
    parts = [config.hub_name, config.hub_config, config.hub_revision, config.hub_split, config.text_field]
    if is_directory(config.hub_name):
        files = sorted(path for path in Path(config.hub_name).expanduser().rglob("*") if path.is_file())
        parts += [f"{path} {digest_of(path, 'data.hub_name')}" for path in files]
    return f"hub {parts}"


class HubSource:
    """The text of every row, in the order of the data set. The environment authenticates as usual (HF_TOKEN).

    A position holds the commit that was read and where in its files, so an interrupted reading goes on in the same text even
    if the branch has moved, and without fetching the files before it again.
    """

    def __init__(self, config: DataConfig) -> None:
        self._config = config
        self._commit = ""
        self._number = 0
        self._place: Callable[[], dict[str, Any]] = dict

    @property
    def origin(self) -> str:
        """The data set, and the commit once that is known."""
        return f"{self._config.hub_name}@{self._commit}" if self._commit else self._config.hub_name

    def texts(self, after: dict[str, Any] | None) -> Iterator[str]:
        """Every text after a position."""
        import datasets  # seconds to import, and only needed when the cache does not have the tokens yet

        config = self._config
        if not is_directory(config.hub_name):
            self._commit = after["commit"] if after else commit_of("dataset", config.hub_name, config.hub_revision)
        datasets.disable_progress_bars()
        self._number = after["number"] if after else 0
        try:
            files = self._tables() if after is None or "file" in after else None
            for text in self._of_rows(after) if files is None else self._of_tables(files, after):
                self._number += 1
                yield text
        except InputError:
            raise
        except (
            Exception
        ) as error:  # the hub's client raises its own, its HTTP library's and the operating system's errors
            kept = "; what was read so far is kept, start the run again to go on" if self._number else ""
            raise InputError(f"cannot read the data set {config.hub_name}: {one_line(error)}{kept}") from error

    def _tables(self) -> list[tuple[str, TextFile]] | None:
        """The address of each file of the split with its format; None if any is of one that is not read here."""
        import datasets

        config = self._config
        about = datasets.load_dataset_builder(config.hub_name, config.hub_config or None, revision=self._commit or None)
        found = [
            (str(url), text_file(Path(str(url)))) for url in (about.config.data_files or {}).get(config.hub_split, ())
        ]
        tables = [(url, file) for url, file in found if file is not None and file.format in TABLES]
        return tables if tables and len(tables) == len(found) else None

    def _of_tables(self, files: list[tuple[str, TextFile]], after: dict[str, Any] | None) -> Iterator[str]:
        """The texts of tables, of which no other column is looked at: as `datasets` reads them, each of them can end a build."""
        from datasets.utils.file_utils import xopen

        first, had = (after["file"], after["row"]) if after else (0, 0)
        for number, (url, file) in enumerate(files[first:], start=first):
            begin = had if number == first else 0
            with xopen(url, "rb") as raw, unpacked(raw, file.compression, seekable=file.format in SEEKABLE) as whole:
                read = TABLES[file.format](whole, f"{self._config.hub_name}, {file.path.name}", self._config.text_field)
                for row, text in enumerate(itertools.islice(read, begin, None), start=begin + 1):
                    self._place = partial(dict, file=number, row=row)
                    yield text

    def _of_rows(self, after: dict[str, Any] | None) -> Iterator[str]:
        """The texts of a data set in any other format."""
        import datasets

        config = self._config
        rows: Any = datasets.load_dataset(
            config.hub_name,
            config.hub_config or None,
            split=config.hub_split,
            revision=self._commit or None,
            streaming=True,
        )
        if after:
            rows.load_state_dict(after["rows"])
        self._place = lambda: {"rows": rows.state_dict()}
        for row in rows:
            yield text_of(row, config.text_field, f"{config.hub_name}, row {self._number + 1}")

    def position(self) -> dict[str, Any]:
        """Commit, number of rows, and the place in the files: file and row, or as `datasets` keeps it."""
        return {"commit": self._commit, "number": self._number, **self._place()}
