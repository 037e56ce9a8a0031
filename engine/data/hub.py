"""The `hub` source: a data set of the Hugging Face hub, or a directory in its layout, streamed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.data.digests import digest_of
from engine.data.repository import commit_of, is_directory, one_line
from engine.data.tables import text_of
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
        self._rows: Any = None

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
        try:
            self._rows = datasets.load_dataset(
                config.hub_name,
                config.hub_config or None,
                split=config.hub_split,
                revision=self._commit or None,
                streaming=True,
            )
            self._number = 0
            if after:
                self._number = after["number"]
                self._rows.load_state_dict(after["rows"])
            for row in self._rows:
                self._number += 1
                yield text_of(row, config.text_field, f"{config.hub_name}, row {self._number}")
        except InputError:
            raise
        except (
            Exception
        ) as error:  # the hub's client raises its own, its HTTP library's and the operating system's errors
            kept = "; what was read so far is kept, start the run again to go on" if self._number else ""
            raise InputError(f"cannot read the data set {config.hub_name}: {one_line(error)}{kept}") from error

    def position(self) -> dict[str, Any]:
        """Commit, number of rows, and the place in the files as `datasets` keeps it."""
        return {"commit": self._commit, "number": self._number, "rows": self._rows.state_dict()}
