"""Text that needs no network, for machines that have none."""

from pathlib import Path
from typing import Any

from engine.spec.config import RunConfig

LARGEST_VOCABULARY = 8192
"""Tokens of a vocabulary trained here: the embedded text is too small to fill a larger one."""


def needs_network(config: RunConfig) -> bool:
    """Whether the text or the tokenizer comes from a hub, unless both are in its cache already."""
    return _text_from_hub(config) or _tokenizer_from_hub(config)


def _text_from_hub(config: RunConfig) -> bool:
    return config.data.source == "hub" and not Path(config.data.hub_name).expanduser().is_dir()


def _tokenizer_from_hub(config: RunConfig) -> bool:
    kind, _, name = config.data.tokenizer.partition(":")
    return kind == "hub" and not Path(name).expanduser().is_dir()


def offline_settings(*configs: RunConfig) -> dict[str, Any]:
    """The settings, by dotted key, that keep all these configurations off the network; what is local already stays.

    The model keeps its size, so that speed and memory are those of the run with its own text; a smaller vocabulary than the
    model's leaves the rest of its embedding unused.
    """
    settings: dict[str, Any] = {}
    if any(_text_from_hub(config) for config in configs):
        settings["data.source"] = "pydocs"
    if any(_tokenizer_from_hub(config) for config in configs):
        smallest = min(config.model.vocab_size for config in configs)
        settings["data.tokenizer"] = f"bpe:{min(smallest, LARGEST_VOCABULARY)}"
    return settings
