"""How long planned runs will take: what was measured on this machine, carried over to their work (moetui.core.studies.speed)."""

import functools
import itertools
import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import orjson

from engine.runfiles.host import hostname
from engine.spec.config import ConfigError, RunConfig, resolve
from moetui.core.catalogue.records import RunRecord
from moetui.core.machine.devices import CPU, Device, wants_gpu
from moetui.core.planning.plan import PlannedRun
from moetui.core.planning.settings import nest, own_settings
from moetui.core.studies.operations import Work, evaluation_work, evaluations, update_work

if TYPE_CHECKING:
    from moetui.core.studies.speed import Law

RECENT = 300
"""Measured runs that the estimate looks back on, the newest."""

SETTLED = 5
"""Updates from which on a run tells the speed: the first ones also fill caches and choose kernels."""

FAR = 10.0
"""An update of so many times more or fewer operations than any measured one is extrapolated, and said to be."""

Basis = Literal["measured", "fitted", "extrapolated", "rule of thumb"]
SURENESS: tuple[Basis, ...] = ("measured", "fitted", "extrapolated", "rule of thumb")
"""Where a figure comes from, the surest first: measured updates of the same size, a law fitted to measured sizes within a factor of
ten, the same law further away, or no measurement at all."""

_SHAPE = (
    *("model.", "training.batch_size", "training.accumulation", "data.sequence_length"),
    *("optimizer.kind", "optimizer.muon_targets", "optimizer.ns_steps"),
)
"""Beginnings of the keys that decide the work of an update."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds of training and evaluation on one device, one run after another: the likely figure and the range around it.

    `evaluation` counts the seconds of evaluations among them; with `unknown_evaluation` some run has more of them, over a split of
    unknown size. `reach` relates the operations of an update to the nearest measured count: 20 is twenty times the largest, 0.1 a
    tenth of the smallest, 1 in between. Start-up is in no figure.
    """

    seconds: float = 0.0
    low: float = 0.0
    high: float = 0.0
    basis: Basis = "measured"
    reach: float = 1.0
    evaluation: float = 0.0
    unknown_evaluation: bool = False

    def __add__(self, other: "Estimate") -> "Estimate":
        """Both one after the other. The speeds are common to both, so the ends of the ranges add up as well."""
        return Estimate(
            self.seconds + other.seconds,
            self.low + other.low,
            self.high + other.high,
            max(self.basis, other.basis, key=SURENESS.index),
            max(self.reach, other.reach, key=lambda reach: abs(math.log(reach))),
            self.evaluation + other.evaluation,
            self.unknown_evaluation or other.unknown_evaluation,
        )

    @property
    def measured(self) -> bool:
        """Whether runs measured here bear the figure without a far extrapolation."""
        return self.basis in ("measured", "fitted")

    @property
    def device_hours(self) -> float:
        """The likely figure in hours of one device."""
        return self.seconds / 3600

    @property
    def left_out(self) -> tuple[str, ...]:
        """What the plan will take besides."""
        return ("evaluation", "start-up") if self.unknown_evaluation else ("start-up",)

    @property
    def reason(self) -> str:
        """Where the figure comes from, in words."""
        if self.basis == "extrapolated":
            far = f"{_factor(self.reach)} times more" if self.reach > 1 else f"{_factor(1 / self.reach)} times fewer"
            return f"extrapolated to {far} operations per update than any run measured here, so only a rule of thumb"
        return {
            "measured": "from runs of this size measured here",
            "fitted": "fitted to runs measured here",
            "rule of thumb": "a rule of thumb, nothing was measured here yet",
        }[self.basis]


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the devices of this machine are, as far as runs have shown; `laws` by whether the device is a GPU."""

    laws: "Mapping[bool, Law]"
    any_gpu: bool
    validation_tokens: Mapping[str, int]
    """Tokens of the validation split by the data settings of a run that has read it."""
    told: dict[Hashable, Estimate] = field(default_factory=dict)

    def cost(self, run: PlannedRun) -> Estimate:
        """The time of one run on one device."""
        config = run.config
        optimizer = config.optimizer
        products = (optimizer.kind, optimizer.muon_targets, optimizer.ns_steps)
        alike = (config.model, config.data, config.training, config.evaluation, products)
        found = self.told.get(alike)  # the runs of a study differ in little that costs time
        if found is None:
            found = self.told[alike] = self._cost(config)
        return found

    def _cost(self, config: RunConfig) -> Estimate:
        law = self.laws[wants_gpu(config.training.device, any_gpu=self.any_gpu)]
        work = update_work(config)
        once = law.seconds(work)
        basis, reach = _basis(work, [one.work for one in law.measured])
        updates = config.training.updates
        training = Estimate(updates * once.middle, updates * once.low, updates * once.high, basis, reach)
        evaluated = evaluation_work(config, self.validation_tokens.get(_data_key(own_settings(config))))
        if evaluated is None:
            return training + Estimate(unknown_evaluation=True)
        times, each = evaluations(config), law.seconds(evaluated)
        return training + Estimate(
            times * each.middle, times * each.low, times * each.high, evaluation=times * each.middle
        )

    def total(self, runs: Iterable[PlannedRun]) -> Estimate:
        """The time of the runs one after another."""
        return sum(map(self.cost, runs), Estimate())


def pace(records: Iterable[RunRecord], devices: Sequence[Device]) -> Pace:
    """The speed of this machine, from the newest runs that were trained on these devices; `records` are the newest first."""
    from moetui.core.studies.speed import TYPICAL, Measured, fit

    ids, host = {device.id for device in devices}, hostname()
    here = list(itertools.islice((record for record in records if _tells(record, ids, host)), RECENT))
    found: dict[bool, dict[Work, list[float]]] = {True: {}, False: {}}
    for record in here:
        work = _work(record)
        if work is not None and record.tokens_per_update and record.tokens_per_second:
            times = found[record.device != CPU].setdefault(work, [])
            times.append(record.tokens_per_update / record.tokens_per_second)
    laws = {
        gpu: fit(tuple(Measured(work, tuple(times)) for work, times in sizes.items()), TYPICAL[gpu])
        for gpu, sizes in found.items()
    }
    splits = {
        _data_key(record.settings): record.validation_tokens
        for record in here
        if record.settings is not None and record.validation_tokens
    }
    return Pace(laws, any(device.is_gpu for device in devices), splits)


def estimate(runs: Iterable[PlannedRun], records: Iterable[RunRecord], devices: Sequence[Device]) -> Estimate:
    """Time of the planned runs on one device of this machine, one after another."""
    return pace(records, devices).total(runs)


def _tells(record: RunRecord, ids: set[str], host: str) -> bool:
    """Whether a run tells the speed of a device of this machine: one with a directory, trained here, past its first updates.

    A GPU is known by its UUID. The host of a run that an older version wrote is not known, and taken to be this one.
    """
    return bool(
        record.path
        and record.backend == "local"
        and not record.published
        and record.update >= SETTLED
        and record.tokens_per_second
        and record.tokens_per_update
        and record.device in ids
        and (record.device != CPU or record.host in ("", host))
    )


def _work(record: RunRecord) -> Work | None:
    """The work of one update of a run; None if its configuration is not known or no longer valid."""
    if record.settings is None:
        return None
    shape = {key: value for key, value in record.settings.items() if key.startswith(_SHAPE)}
    return _work_of(orjson.dumps(shape, option=orjson.OPT_SORT_KEYS))


@functools.lru_cache(maxsize=4096)
def _work_of(shape: bytes) -> Work | None:
    settings: dict[str, Any] = orjson.loads(shape)
    vocabulary = settings.get("model.vocab_size", RunConfig().model.vocab_size)
    try:
        return update_work(resolve(nest(settings | {"data.tokenizer": f"bpe:{vocabulary}"})))
    except ConfigError:
        return None


def _data_key(settings: Mapping[str, Any]) -> str:
    """What decides the text of a run, from its settings."""
    return repr(sorted((key, value) for key, value in settings.items() if key.startswith("data.")))


def _basis(work: Work, measured: Sequence[Work]) -> tuple[Basis, float]:
    """Where the time of this work comes from, and how far its operations lie outside those measured."""
    if not measured:
        return "rule of thumb", 1.0
    if work in measured:
        return "measured", 1.0
    counts = [one.operations for one in measured]
    reach = max(work.operations / max(counts), 1.0) * min(work.operations / min(counts), 1.0)
    return ("fitted" if 1 / FAR <= reach <= FAR else "extrapolated"), reach


def _factor(value: float) -> str:
    """A factor in two digits: 12, 350, 160,000."""
    return f"{float(f'{value:.2g}'):,.0f}"
