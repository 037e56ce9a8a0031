"""The documents of a run, whatever their source."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from engine.data.files import files_documents, files_identity
from engine.data.hub import HubSource, hub_identity
from engine.data.pydocs import pydocs_documents, pydocs_identity
from engine.spec.config import DataConfig

Position = dict[str, Any]
"""A place between two documents of a source, as JSON; every source has its own kind."""


class Source(Protocol):
    """Texts in a fixed order, some of them perhaps empty."""

    @property
    def origin(self) -> str:
        """What is read, as people would name it."""

    def texts(self, after: Position | None) -> Iterator[str]:
        """Every text after a position, None for all of them. Raises `InputError`."""

    def position(self) -> Position:
        """The position after the text that `texts` yielded last."""


class LocalSource:
    """A source on this machine. It is read again from the start and what was had before is skipped, which costs little."""

    def __init__(self, origin: str, read: Callable[[], Iterator[str]]) -> None:
        self._origin = origin
        self._read = read
        self._count = 0

    @property
    def origin(self) -> str:
        """The kind of source."""
        return self._origin

    def texts(self, after: Position | None) -> Iterator[str]:
        """Every text after a position."""
        self._count = after["texts"] if after else 0
        for text in itertools.islice(self._read(), self._count, None):
            self._count += 1
            yield text

    def position(self) -> Position:
        """The number of texts so far."""
        return {"texts": self._count}


def source_identity(config: DataConfig) -> str:
    """A text that is the same for two runs exactly if they would read the same documents."""
    identities: dict[str, Callable[[], str]] = {
        "pydocs": pydocs_identity,
        "files": lambda: files_identity(config),
        "hub": lambda: hub_identity(config),
    }
    return f"{identities[config.source]()} max={config.max_documents},{config.max_tokens}"


def open_source(config: DataConfig, say: Callable[[str], None]) -> Source:
    """The source that the configuration names. Nothing is read yet; `say` is told what takes long."""
    sources: dict[str, Callable[[], Source]] = {
        "pydocs": lambda: LocalSource("pydocs", lambda: pydocs_documents(say)),
        "files": lambda: LocalSource("files", lambda: files_documents(config)),
        "hub": lambda: HubSource(config),
    }
    return sources[config.source]()
