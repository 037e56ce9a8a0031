"""How much memory a run needs on its device: what one of the same shape has taken, or else a rule of thumb.

The rule counts float32 weights, gradients and two moments of the optimizer, a copy of all but the gradients while a checkpoint is
written, what the layers keep for the backward pass, and a chunk of logits with its gradient.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.spec.config import RunConfig
from moetui.core.catalogue.records import RunRecord
from moetui.core.machine.devices import CPU
from moetui.core.planning.settings import own_settings

MARGIN: Final = 1.1
"""Runs of one shape differ in their peak of memory, and an allocator cannot use all that it holds."""

PROCESS: Final[Mapping[bool, int]] = {True: 700 << 20, False: 450 << 20}
"""Bytes of a process that trains nothing yet: the context on a GPU, which no allocator counts; torch and its libraries on a CPU."""

_FLOAT: Final = 4
_CHUNK: Final = 1024  # rows whose logits are alive at once (engine.model.loss)
_SHAPE: Final = (
    *("model.", "training.batch_size", "training.micro_batch", "training.dtype", "training.compile"),
    *("data.sequence_length", "optimizer.kind", "optimizer.muon_targets", "evaluation.batch_size"),
)
"""Beginnings of the keys that decide how much memory a run takes."""


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes that a run takes on its device at most, and whether one of its shape has been measured."""

    size: int
    measured: bool


class Memory:
    """Tells what runs need; `records` are those that have been, the newest first."""

    def __init__(self, records: Iterable[RunRecord]) -> None:
        self._records = records
        self._known: dict[tuple[str, bool], Need] = {}

    def needed(self, config: RunConfig, *, gpu: bool) -> Need:
        """What a run takes on a GPU, or on the CPU."""
        shape = _shape(own_settings(config))
        key = repr(sorted(shape.items())), gpu
        if key not in self._known:
            peak = self._measured(shape, config.model.parameters, gpu=gpu)
            need = Need(_rule(config, gpu=gpu), measured=False)
            if peak is not None:
                need = Need(round(MARGIN * peak) + (PROCESS[gpu] if gpu else 0), measured=True)
            self._known[key] = need
        return self._known[key]

    def _measured(self, shape: Mapping[str, Any], parameters: int, *, gpu: bool) -> int | None:
        for record in self._records:
            alike = record.peak_memory and record.parameters == parameters and (record.device != CPU) == gpu
            if alike and record.settings is not None and _shape(record.settings) == shape:
                return record.peak_memory
        return None


def _shape(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key.startswith(_SHAPE)}


def _rule(config: RunConfig, *, gpu: bool) -> int:
    model = config.model
    number = 2 if gpu and config.training.dtype != "float32" else _FLOAT
    tokens = config.training.batch_size * config.data.sequence_length
    ups_and_downs = 3 if model.experts == "swiglu" else 2
    expert = ups_and_downs * model.d_ff + 2 * model.d_model
    per_token = model.n_layers * (12 * model.d_model + model.experts_per_token * expert)
    states = (4 + 3) * _FLOAT * model.parameters
    logits = 2 * _FLOAT * _CHUNK * model.vocab_size
    return PROCESS[gpu] + round(MARGIN * (states + number * tokens * per_token + logits))
