"""What comparisons need to know of runs beyond their records, read from run directories and presets."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import partial
from typing import Any, TypeVar

import orjson

from engine.runfiles.jsonfile import DamagedFile
from engine.runfiles.rundir import Hardware
from engine.spec.config import RunConfig
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import LabError
from moetui.core.planning.scale import chain_at, split_scale
from moetui.core.planning.settings import merge, own_of, own_settings
from moetui.core.runs.lab import Lab
from moetui.core.runs.recorded import recorded_config
from moetui.core.science.evidence import Evidence

Own = Mapping[str, Any]
Found = TypeVar("Found")


def gather(lab: Lab, records: Iterable[RunRecord]) -> tuple[Evidence, ...]:
    """Each run with its configuration and device; what cannot be read is left unknown."""
    configurations = _Configurations(lab)
    return tuple(_evidence(lab, record, configurations) for record in records)


def _evidence(lab: Lab, record: RunRecord, configurations: "_Configurations") -> Evidence:
    if not record.path:
        return configurations.evidence(record, Hardware())
    run = lab.run_dir(record)
    try:
        machine = run.hardware()
    except (DamagedFile, OSError):
        return Evidence(record)
    there = machine.device_name or run.config_file.exists()
    return configurations.evidence(record, machine) if there else Evidence(record)


class _Configurations:
    """The configurations of runs, each read once: seeds of one setting share it, and runs of one preset share the preset."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._library = lab.library()
        self._configs: dict[Hashable, RunConfig | None] = {}
        self._owns: dict[Hashable, Own | None] = {}
        self._presets: dict[str, Own | None] = {}

    def evidence(self, record: RunRecord, machine: Hardware) -> Evidence:
        """A run with its configuration, which is read when it is asked for."""
        own = self.own(record)
        told = None if own is None else partial(self.config, record)
        return Evidence(record, told, machine.device_name, machine.dtype, machine.peak_memory, own)

    def own(self, record: RunRecord) -> Own | None:
        """The keys that are not the defaults; without reading its directory if the record tells them."""
        return _once(self._owns, record, self._own)

    def config(self, record: RunRecord) -> RunConfig | None:
        """The whole configuration: from the directory, or else from the record."""
        found = _once(self._configs, record, self._config)
        if found is None or record.seed in (None, found.seed):
            return found
        return found.model_copy(update={"seed": record.seed})

    def _own(self, record: RunRecord) -> Own | None:
        if record.settings is not None and _tells_all(record):
            return own_of(record.settings)
        if not record.path:
            preset = self._preset(record.preset)
            return None if preset is None else own_of(merge(preset, record.point))
        config = self.config(record)
        return None if config is None else own_settings(config)

    def _config(self, record: RunRecord) -> RunConfig | None:
        try:
            if record.path:
                return self._lab.run_dir(record).config().config
            return recorded_config(self._library, record.model_copy(update={"seed": None}))
        except (LabError, DamagedFile, OSError):
            return None

    def _preset(self, name: str) -> Own | None:
        """The keys that a preset and those that it extends set; None if it is gone or broken."""
        if name not in self._presets:
            try:
                chain = chain_at(self._library, *split_scale(name))
                self._presets[name] = merge(*(preset.config for preset in chain))
            except LabError:
                self._presets[name] = None
        return self._presets[name]


def _once(
    known: dict[Hashable, Found | None], record: RunRecord, read: Callable[[RunRecord], Found | None]
) -> Found | None:
    """What is read of a record, once for all that are alike; a directory that cannot be read says nothing of the others."""
    key = _alike(record)
    if known.get(key) is None and (record.path or key not in known):
        known[key] = read(record)
    return known[key]


def _alike(record: RunRecord) -> Hashable:
    """What runs of one configuration have in common, whatever their seeds."""
    if _tells_all(record):
        return bool(record.path), orjson.dumps(record.settings)
    if not record.path:
        return record.preset, orjson.dumps(record.point)
    # A group of imported runs is what their owner says, and may hold several configurations.
    return record.group if record.group and not record.imported else (record.id,)


def _tells_all(record: RunRecord) -> bool:
    """Whether the settings of a record are its whole configuration."""
    return record.settings is not None and (record.configured or not record.path)
