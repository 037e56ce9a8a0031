"""Records without a run directory: published results, and runs whose directory stayed where they were trained.

A lab book travels lighter than its runs: `moetui export --format records` writes records alone into another runs.json. What they
trained with follows from preset, point and seed, as long as the preset is what it was.
"""

from collections.abc import Mapping
from typing import Any

from engine.config import RunConfig
from moetui.core.errors import LabError, NotFoundError
from moetui.core.plan import flat_config, group_of, resolve_chain
from moetui.core.presets import Library
from moetui.core.records import RunRecord
from moetui.core.scale import chain_at, split_scale


def recorded_config(library: Library, record: RunRecord) -> RunConfig:
    """The configuration that a record without a directory stands for.

    Raises `LabError` if its preset is gone or broken, or is another one than the run was trained with.
    """
    config = _resolved(library, record.preset, record.point, record.seed)
    if not record.published and group_of(config) != record.group.partition("/")[0]:
        raise NotFoundError(
            f"{record.name}: the preset {record.preset} has changed since; what it was is not known here"
        )
    return config


def alone(library: Library, record: RunRecord, config: RunConfig | None) -> RunRecord:
    """The record of a run as it is without its directory; its point tells all that the preset does not."""
    bare = record.model_copy(update={"path": ""})
    if config is None or record.published:
        return bare
    try:
        recorded_config(library, bare)
    except LabError:
        return bare.model_copy(update={"point": _beyond_the_preset(library, record, config)})
    return bare


def _beyond_the_preset(library: Library, record: RunRecord, config: RunConfig) -> dict[str, Any]:
    try:
        plain = flat_config(_resolved(library, record.preset, {}, record.seed))
    except LabError:
        return dict(record.point)
    return {key: value for key, value in flat_config(config).items() if plain.get(key) != value}


def _resolved(library: Library, preset: str, point: Mapping[str, Any], seed: int | None) -> RunConfig:
    seeded = {} if seed is None else {"seed": seed}
    return resolve_chain(chain_at(library, *split_scale(preset)), {**point, **seeded})
