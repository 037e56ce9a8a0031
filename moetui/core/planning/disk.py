"""How much room on the disk a run needs, told before it starts."""

from collections.abc import Iterable

from engine.spec.config import RunConfig

_BYTES = 4
"""Weights and the states of optimizers are kept in float32."""

_MEASUREMENTS = 2**20


def checkpoint_bytes(config: RunConfig) -> int:
    """Bytes of one `last` checkpoint at most: weights, and two moments of each."""
    return 3 * _BYTES * config.model.parameters


def run_bytes(config: RunConfig) -> int:
    """Bytes that a run holds at most: two `last` checkpoints and one that is being written, two `best` ones, measurements."""
    return 3 * checkpoint_bytes(config) + 2 * _BYTES * config.model.parameters + _MEASUREMENTS


def runs_bytes(configs: Iterable[RunConfig]) -> int:
    """Bytes that several runs leave, and one of them holds while it trains."""
    found = list(configs)
    left = sum(2 * checkpoint_bytes(config) + _BYTES * config.model.parameters + _MEASUREMENTS for config in found)
    return left + max((run_bytes(config) for config in found), default=0)
