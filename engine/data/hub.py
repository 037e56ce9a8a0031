"""The `hub` source: a data set of the Hugging Face hub, or a directory in its layout, streamed."""

from collections.abc import Iterator

from engine.config import DataConfig
from engine.data.files import text_of
from engine.errors import InputError

OFFLINE_ADVICE = "without a network, run with --offline, which trains on pydocs"


def hub_identity(config: DataConfig) -> str:
    """What the documents are asked for by. A data set that changes on the hub is not noticed once it is cached."""
    return f"hub {config.hub_name} {config.hub_config} {config.hub_split} {config.text_field}"


def hub_documents(config: DataConfig) -> Iterator[str]:
    """The text of every row, in the order of the data set. The environment authenticates as usual (HF_TOKEN)."""
    import datasets  # seconds to import, and only needed when the cache does not have the tokens yet

    datasets.disable_progress_bars()
    try:
        rows = datasets.load_dataset(config.hub_name, config.hub_config or None, split=config.hub_split, streaming=True)
        for number, row in enumerate(rows, start=1):
            yield text_of(row, config.text_field, f"{config.hub_name}, row {number}")
    except InputError:
        raise
    except Exception as error:  # the hub's client raises its own, httpx's, fsspec's and the operating system's errors
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise InputError(f"cannot read the data set {config.hub_name}: {reason}; {OFFLINE_ADVICE}") from error
