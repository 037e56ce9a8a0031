"""A run with what its record does not hold: configuration, device by name, peak memory."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engine.spec.config import RunConfig
from moetui.core.catalogue.records import RunRecord
from moetui.core.planning.settings import default_settings, own_settings
from moetui.core.science.groups import COUNTING, Group


@dataclass(frozen=True)
class Evidence:
    """What is known of one run. Imported runs may have no configuration; `peak_memory` is in bytes.

    `told` is the configuration, or reads it at the first need: of thousands of runs, few questions need more than the keys that
    are not the defaults. `told_own` holds those where they are known without it.
    """

    record: RunRecord
    told: RunConfig | Callable[[], RunConfig | None] | None = None
    device_name: str = ""
    told_dtype: str = ""
    peak_memory: int | None = None
    told_own: Mapping[str, Any] | None = None

    @cached_property
    def config(self) -> RunConfig | None:
        """The configuration, None if it is not known."""
        return self.told() if callable(self.told) else self.told

    @property
    def own(self) -> Mapping[str, Any] | None:
        """The dotted keys, apart from the seed, whose values are not the defaults; None if the configuration is not known."""
        return self._own_of_config if self.told_own is None else self.told_own

    @cached_property
    def _own_of_config(self) -> Mapping[str, Any] | None:
        return None if self.config is None else own_settings(self.config)

    def setting(self, key: str) -> Any:
        """The value of a dotted key, as a file holds it; None if the configuration is not known."""
        return None if self.own is None else self.own.get(key, default_settings()[key])

    @property
    def device(self) -> str:
        """The device by name where it is known, else its kind; empty if neither is."""
        kind = self.record.device
        return self.device_name or ("GPU" if kind and kind != "cpu" else kind)

    @property
    def dtype(self) -> str:
        """The precision that the matrix products were computed in; empty if it is not known."""
        chosen = self.setting("training.dtype")
        if chosen != "auto":
            return chosen or ""
        # Older runs do not tell, and of a GPU's name nothing follows: some have no bfloat16.
        return self.told_dtype or ("float32" if self.record.device == "cpu" else "")

    @property
    def origin(self) -> str:
        """Where the run comes from: a document, a log of somewhere else, the weights of another run, or its own first update."""
        if self.record.published:
            return f"published in {self.record.source or 'a document'}"
        if self.record.imported:
            return "imported"
        return (
            f"begun with the weights of {self.record.parent}"
            if self.record.parent and not self.record.branch
            else "run here"
        )

    @property
    def updates(self) -> int | None:
        """The update at which the final scores were taken; of a run without scores that count, its planned length."""
        final = self.record.final if self.record.status in COUNTING else None
        return (final.update if final else None) or self.record.updates or None

    @property
    def tokens(self) -> float | None:
        """Tokens that the run has learned from."""
        return self.updates * self.record.tokens_per_update if self.updates and self.record.tokens_per_update else None

    @property
    def flops(self) -> float | None:
        """Operations of the whole training, forward and backward."""
        if self.config is None or self.tokens is None:
            return None
        return self.tokens * self.config.model.flops_per_token(self.config.data.sequence_length)

    @property
    def seconds(self) -> float | None:
        """Seconds of training, evaluation excluded."""
        return self.record.final.seconds if self.record.final else None


def counting(runs: Iterable[Evidence], groups: Iterable[Group]) -> tuple[Evidence, ...]:
    """The runs that count in groups, by a value or by a divergence; what waits, trains or broke off says nothing yet."""
    ids = {one.record.id for group in groups for one in group.samples if one.value is not None or one.diverged}
    return tuple(run for run in runs if run.record.id in ids)
