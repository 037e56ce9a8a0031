"""What a detector may know of a run besides its records."""

from dataclasses import dataclass, field
from typing import Self

from engine.health.peers import Peers
from engine.spec import schedules
from engine.spec.config import HealthConfig, RunConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Everything but the records; what is None is not known, as for a run that was trained elsewhere.

    `noise` is the standard deviation of the final validation loss over `replicates` runs that differ in nothing but the seed.
    `peers` are runs that saw the same batches in the same order; a trainer knows none.
    """

    vocab_size: int | None = None
    updates: int | None = None
    warmup: int = 0
    grad_clip: float | None = None
    top_k: int = 1
    health: HealthConfig = field(default_factory=HealthConfig)
    noise: float | None = None
    replicates: int = 0
    peers: Peers = field(default_factory=Peers)

    @classmethod
    def of(
        cls, config: RunConfig, *, noise: float | None = None, replicates: int = 0, peers: Peers | None = None
    ) -> Self:
        """The setting of a run with a known configuration."""
        return cls(
            vocab_size=config.model.vocab_size,
            updates=config.training.updates,
            warmup=schedules.warmup_updates(config.schedule, config.training.updates),
            grad_clip=config.optimizer.grad_clip,
            top_k=config.model.top_k,
            health=config.health,
            noise=noise,
            replicates=replicates,
            peers=peers or Peers(),
        )
