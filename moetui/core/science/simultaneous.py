"""Critical values of many comparisons at once, on the normal scale: all pairs (Tukey), and all with one (Dunnett)."""

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

EXACT = 64
"""Up to so many comparisons with one setting, Dunnett's value is integrated; beyond, Šidák's bound stands, 8 % larger."""
AT_ONCE = 256
"""Values whose probabilities are integrated in one step, a megabyte each time."""
NODES = 193
"""Nodes of the integral over the lowest mean; equal to one over thousands of nodes to 1e-12 with up to 10,000 settings."""
HIGHEST = 40.0
"""No critical value is larger: the tail beyond is no number any more."""


def all_pairs_p(z: float, settings: int) -> float:
    """P(the largest of all |differences| of `settings` standard normal means, over √2, is at least z): Tukey's range (1953)."""
    return float(all_pairs_ps(np.array([z]), settings)[0])


def all_pairs_ps(z: Numbers, settings: int) -> Numbers:
    """`all_pairs_p` of each of several values."""
    from scipy.special import ndtr

    p: Numbers = np.minimum(1.0, settings * (settings - 1) * ndtr(-z))
    near = np.flatnonzero(z <= 8.0)  # farther out, the pairs as good as never exceed it together
    if settings == 2 or not len(near):
        return p
    x = np.linspace(-8.5, 8.5, NODES)
    below, density = ndtr(x), np.exp(-x * x / 2) / math.sqrt(2 * math.pi) * (x[1] - x[0])
    for start in range(0, len(near), AT_ONCE):
        some = near[start : start + AT_ONCE]
        inside = ndtr(x + math.sqrt(2) * z[some, None]) - below
        p[some] = np.clip(1 - settings * (inside ** (settings - 1) @ density), 0.0, 1.0)
    return p


@lru_cache(maxsize=1024)
def all_pairs(settings: int, level: float) -> float:
    """The z that the largest of all pairwise |differences| exceeds with probability `level`."""
    low, high = 0.0, HIGHEST
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if all_pairs_p(middle, settings) > level else (low, middle)
    return high


def with_one(own: Numbers, others: Numbers, level: float) -> Numbers:
    """One-sided critical values of the comparisons of one setting with several others (Dunnett 1955, unequal variances).

    `own` (B,) are the variances of the means of B such settings, `others` (B, K) those of the means that each is compared with.
    """
    from scipy.special import ndtr, ndtri

    count = others.shape[1]
    if count > EXACT:
        return np.full(len(own), -float(ndtri(-math.expm1(math.log1p(-level) / count))))
    u, weight = _nodes()
    share = np.sqrt(own[:, None] / (own[:, None] + others))
    rest = np.sqrt(1 - share**2)
    low, high = np.zeros(len(own)), np.full(len(own), -float(ndtri(-math.expm1(math.log1p(-level) / count))) + 1e-9)
    for _ in range(24):
        middle = (low + high) / 2
        below = ndtr((middle[:, None, None] + share[:, :, None] * u) / rest[:, :, None]).prod(axis=1) @ weight
        low, high = np.where(below < 1 - level, middle, low), np.where(below < 1 - level, high, middle)
    return high


@lru_cache(maxsize=1)
def _nodes() -> tuple[Numbers, Numbers]:
    """Nodes and weights that integrate over a standard normal variable, close enough for steps at very unequal variances."""
    u = np.linspace(-8.0, 8.0, 257)
    weight = np.exp(-u * u / 2)
    return u, weight / weight.sum()
