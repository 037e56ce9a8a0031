"""The documents of a run, whatever their source."""

import itertools
from collections.abc import Callable, Iterator

from engine.config import DataConfig
from engine.data.files import files_documents, files_identity
from engine.data.hub import hub_documents, hub_identity
from engine.data.pydocs import pydocs_documents, pydocs_identity


def source_identity(config: DataConfig) -> str:
    """A text that is the same for two runs exactly if they would read the same documents."""
    identities: dict[str, Callable[[], str]] = {
        "pydocs": pydocs_identity,
        "files": lambda: files_identity(config),
        "hub": lambda: hub_identity(config),
    }
    identity = identities[config.source]()
    return f"{identity} max={config.max_documents}"


def read_documents(config: DataConfig, say: Callable[[str], None]) -> Iterator[str]:
    """The texts in a fixed order, empty ones left out, at most `max_documents`. Raises `InputError`."""
    sources: dict[str, Callable[[], Iterator[str]]] = {
        "pydocs": lambda: pydocs_documents(say),
        "files": lambda: files_documents(config),
        "hub": lambda: hub_documents(config),
    }
    texts = (text for text in sources[config.source]() if text.strip())
    return itertools.islice(texts, config.max_documents or None)
