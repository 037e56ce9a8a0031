"""Repeated experiments with a fixed seed, and the bounds within which a 95 % interval must cover."""

from collections.abc import Iterator, Sequence

import numpy as np


def covers(hits: Sequence[bool]) -> bool:
    """Whether the share of hits is that of a 95 % interval, in at least 400 experiments."""
    return len(hits) >= 400 and 0.93 <= sum(hits) / len(hits) <= 0.97


def samples(times: int, n: int, *, mean: float = 5.0, sd: float = 0.02, seed: int = 1) -> Iterator[list[float]]:
    """`times` samples of `n` losses."""
    yield from np.random.default_rng(seed).normal(mean, sd, size=(times, n)).tolist()
