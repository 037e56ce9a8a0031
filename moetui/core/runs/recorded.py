"""Records without a run directory: published results, and runs whose directory stayed where they were trained.

A lab book travels lighter than its runs: `moetui export --format records` writes records alone into another runs.json.
"""

from engine.spec.config import ConfigError, RunConfig, resolve
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import UsageError
from moetui.core.planning.plan import resolve_chain
from moetui.core.planning.presets import Library
from moetui.core.planning.scale import chain_at, split_scale
from moetui.core.planning.settings import nest, own_settings


def recorded_config(library: Library, record: RunRecord) -> RunConfig:
    """The configuration that a record tells by its settings or, in one of an older version, by preset and point.

    Raises `LabError` if it tells none that is valid today.
    """
    seed = {} if record.seed is None else {"seed": record.seed}
    if record.settings is not None:
        try:
            return resolve(nest(record.settings | seed))
        except ConfigError as error:
            raise UsageError(f"{record.name}: {error}") from None
    return resolve_chain(chain_at(library, *split_scale(record.preset)), record.point | seed)


def alone(record: RunRecord, config: RunConfig | None) -> RunRecord:
    """The record of a run as it is without its directory."""
    settings = record.settings if config is None else own_settings(config)
    return record.model_copy(update={"path": "", "settings": settings})
