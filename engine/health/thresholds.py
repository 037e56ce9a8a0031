"""How large a sign must be to count. Those that can end a run are in the configuration: `engine.spec.config.HealthConfig`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """The defaults keep false alarms under one run in twenty (tests/engine/health/test_false_alarms.py)."""

    relapse: float = 0.5
    """Share of what the training loss had gained that must be lost again to count as divergence."""

    spike_sds: float = 8.0
    """Height of a spike over the losses before it, in robust standard deviations of these."""
    spike_rise: float = 0.05
    """Least height of a spike as a fraction of the loss before it."""
    spikes_many: int = 3
    """So many spikes are a warning, fewer a note."""

    jump_sds: float = 5.0
    """Height of a jump of the validation loss, in standard deviations of a difference of evaluations."""
    jump_nats: float = 0.05
    """Least height of a jump of the validation loss, in nats."""

    peer_spike_sds: float = 4.0
    """Height from which a training loss of another run counts as the same spike, in robust standard deviations."""
    peer_rise_sds: float = 2.0
    """Rise from which validation losses of another run count as rising, in standard deviations of one evaluation."""
    peer_excess_sds: float = 3.0
    """Height over the trend before, in its own standard deviations, that a rise of another run needs as well."""

    oscillation_correlation: float = 0.4
    """Autocorrelation that an oscillation must reach: minus this after half a period, plus this after a whole one."""
    oscillation_swing: float = 0.005
    """Least standard deviation of an oscillation as a fraction of the loss."""

    inflection_sds: float = 3.0
    """Rise of the validation loss after its best, in standard deviations of its own evaluation noise."""
    inflection_warning: float = 4.0
    """From so many times the noise on, an inflection is a warning; below it may be the noise of the seed."""

    gap_growth: float = 0.05
    """Growth of the gap between training and validation loss, as a fraction of the validation loss."""

    dead_share: float = 0.1
    """An expert with less than this fraction of an equal share of the assignments is dead."""
    overload: float = 2.5
    """An expert with more than so many equal shares is overloaded."""
    load_evaluations: int = 3
    """Evaluations in a row that an expert must be dead or overloaded."""

    clipped_share: float = 0.95
    """Share of the updates whose gradient is clipped that counts as always."""

    throughput: float = 0.7
    """Throughput, as a fraction of what it was, below which it has dropped."""


DEFAULT = Thresholds()
