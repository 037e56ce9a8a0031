"""Text that needs no network, for machines that have none."""

from typing import Any

from engine.config import RunConfig

LARGEST_VOCABULARY = 8192
"""Tokens of a vocabulary trained here: the embedded text is too small to fill a larger one."""


def needs_network(config: RunConfig) -> bool:
    """Whether the text or the tokenizer comes from a hub, unless both are in its cache already."""
    return config.data.source == "hub" or config.data.tokenizer.startswith("hub:")


def offline_settings(*configs: RunConfig) -> dict[str, Any]:
    """The settings, by dotted key, that keep all these configurations off the network; what is local already stays.

    The model keeps its size, so that speed and memory are those of the run with its own text; a smaller vocabulary than the
    model's leaves the rest of its embedding unused.
    """
    settings: dict[str, Any] = {}
    if any(config.data.source == "hub" for config in configs):
        settings["data.source"] = "pydocs"
    if any(config.data.tokenizer.startswith("hub:") for config in configs):
        smallest = min(config.model.vocab_size for config in configs)
        settings["data.tokenizer"] = f"bpe:{min(smallest, LARGEST_VOCABULARY)}"
    return settings
