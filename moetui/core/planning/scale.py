"""The same study on another size of model: `schedule/all@tiny` is `schedule/all` on `base/moe-tiny` (docs/presets.md).

Of the other base come the model, the text and the batch. The study keeps everything it is about: optimizer, schedule, length,
evaluation, its grid, and what it sets of the model beyond its size, such as dropout or the number of experts.
"""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from moetui.core.errors import NotFoundError, UsageError
from moetui.core.planning.presets import Library, Preset

MARK: Final = "@"
"""Stands between the name of a preset and the scale it is wanted at."""

_BASES: Final = "base/"
_FAMILY: Final = "base/moe-"
_BATCH: Final = frozenset({"training.batch_size", "training.accumulation"})
_SIZE: Final = frozenset(
    {"model.vocab_size", "model.d_model", "model.n_layers", "model.n_heads", "model.n_kv_heads", "model.d_ff"}
)
_OWN_OF_DATA: Final = frozenset({"data.end_of_text", "data.validation_fraction", "data.split"})
"""What a study may vary of its data wherever the text comes from."""


def scales(library: Library) -> tuple[str, ...]:
    """The scales there are, by the name of their base."""
    return tuple(sorted(p.name.removeprefix(_FAMILY) for p in library if p.name.startswith(_FAMILY)))


def split_scale(name: str) -> tuple[str, str]:
    """Name and scale of `schedule/all@tiny`; the scale is empty where none is asked for."""
    name, _, scale = name.partition(MARK)
    return name, scale


def at_scale(library: Library, name: str, scale: str) -> str:
    """The name of a preset at a scale; a preset that is on that base by itself keeps its plain name.

    Raises `NotFoundError` for a scale without a base, `UsageError` for a preset whose subject is its size.
    """
    if not scale or _is_at(library, name, base_at(library, scale)):
        return name
    if not library.get(name).scales:
        raise UsageError(f"{name} is about the size of its model, so it has no other scale; leave {MARK}{scale} out")
    return f"{name}{MARK}{scale}"


def chain_at(library: Library, name: str, scale: str) -> list[Preset]:
    """The layers of a preset with its base exchanged, from the far end to itself."""
    chain = library.chain(name)
    if at_scale(library, name, scale) == name:
        return chain
    old, new = _bases(chain), library.chain(base_at(library, scale))
    return [
        *(_only(preset, lambda key: not _of_base(key)) for preset in old),
        *(_only(preset, _of_base) for preset in new),
        *(_only(preset, lambda key: not _of_size(key)) for preset in chain[len(old) :]),
    ]


def _is_at(library: Library, name: str, base: str) -> bool:
    preset = library.get(name)
    if preset.members:
        return all(_is_at(library, member, base) for member in preset.members)
    return base in (preset.name for preset in _bases(library.chain(name))[-1:])


def _bases(chain: list[Preset]) -> list[Preset]:
    """The far end of a chain: a base, and the bases that it extends."""
    return list(itertools.takewhile(lambda preset: preset.name.startswith(_BASES), chain))


def base_at(library: Library, scale: str) -> str:
    """The name of the base of a scale. Raises `NotFoundError` for a scale without a base."""
    try:
        return library.get(f"{_FAMILY}{scale}").name
    except NotFoundError:
        raise NotFoundError(f"no scale {scale!r}; there are {', '.join(scales(library))}") from None


def _only(preset: Preset, wanted: Callable[[str], bool]) -> Preset:
    return replace(preset, config={key: value for key, value in preset.config.items() if wanted(key)})


def _of_base(key: str) -> bool:
    return key.startswith(("model.", "data.")) or key in _BATCH


def _of_size(key: str) -> bool:
    return key in _SIZE or key in _BATCH or (key.startswith("data.") and key not in _OWN_OF_DATA)
